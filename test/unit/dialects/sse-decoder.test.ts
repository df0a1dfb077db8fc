import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { SseDecoder, type SseFrame, SseLimitError } from '../../../src/dialects/sse-decoder.js';
import { cutAt, cutUp, singly } from './support/pieces.js';
import { decode } from './support/read.js';
import { referenceEvents } from './support/reference-sse.js';

const encoder = new TextEncoder();

function eventsOf(frames: readonly SseFrame[]) {
  return frames.flatMap(({ event, data }) => (data === null ? [] : [{ event, data }]));
}

function rawOf(frames: readonly SseFrame[]): Uint8Array {
  return Buffer.concat(frames.map(({ raw }) => raw));
}

describe('SseDecoder', () => {
  it.each([
    ['a plain event', 'data: a\n\n', [{ event: null, data: 'a' }]],
    ['a field without the space', 'data:a\n\n', [{ event: null, data: 'a' }]],
    ['only the first space as a separator', 'data:  a\n\n', [{ event: null, data: ' a' }]],
    ['a name', 'event: ping\ndata: a\n\n', [{ event: 'ping', data: 'a' }]],
    ['a name after the data', 'data: a\nevent: ping\n\n', [{ event: 'ping', data: 'a' }]],
    ['an empty name as none', 'event:\ndata: a\n\n', [{ event: null, data: 'a' }]],
    ['several data lines', 'data: a\ndata\ndata: b\n\n', [{ event: null, data: 'a\n\nb' }]],
    ['empty data', 'data:\n\n', [{ event: null, data: '' }]],
    [
      'CRLF',
      'data: a\r\n\r\ndata: b\r\n\r\n',
      [
        { event: null, data: 'a' },
        { event: null, data: 'b' },
      ],
    ],
    [
      'CR',
      'data: a\r\rdata: b\r\r',
      [
        { event: null, data: 'a' },
        { event: null, data: 'b' },
      ],
    ],
    ['line ends in any mix', 'data: a\r\n\ndata: b\n\r\ndata: c\r\n\rdata: d\r\n\n', 'abcd'],
    [
      'id, retry, comments and unknown fields as nothing',
      ': x\nid: 1\nretry: 2\nfoo: 3\n:\ndata: a\n\n',
      'a',
    ],
    ['a field that only begins like data', 'database: x\ndat: y\ndata : z\ndata: a\n\n', 'a'],
    ['a byte order mark', '\ufeffdata: a\n\n', 'a'],
    ['a byte order mark and a blank line', '\ufeff\ndata: a\n\n', 'a'],
    ['only the first byte order mark', 'data: a\n\n\ufeffdata: b\n\ndata: c\n\n', 'ac'],
    ['a last event without a blank line', 'data: a\n\ndata: b\n', 'ab'],
    ['a last event without the end of its line', 'data: a\n\ndata: b', 'ab'],
    ['a name without data as nothing', 'event: ping\n\ndata: a\n\n', 'a'],
    ['blank lines as nothing', '\n\n\r\n\r\rdata: a\n\n\n\n', 'a'],
  ])('reads %s', (_, text, expected) => {
    const events =
      typeof expected === 'string'
        ? [...expected].map((data) => ({ event: null, data }))
        : expected;

    expect(eventsOf(decode([encoder.encode(text)]))).toEqual(events);
    expect(eventsOf(decode(singly(encoder.encode(text))))).toEqual(events);
  });

  it('delivers an event at its blank line, not later', () => {
    const decoder = new SseDecoder();
    const counts = ['data: a\n\n', 'data: b\r\r', 'data: c\r\n\r\n'].map((text) => {
      const frames: SseFrame[] = [];
      decoder.push(encoder.encode(text), frames);
      return eventsOf(frames).length;
    });

    expect(counts).toEqual([1, 1, 1]);
  });

  it('gives comments and blank lines as frames without data, as they come', () => {
    const frames = decode([encoder.encode(': processing\n\n\ndata: a\n\n: late')]);

    expect(frames.map(({ data, terminated }) => ({ data, terminated }))).toEqual([
      { data: null, terminated: true },
      { data: null, terminated: true },
      { data: 'a', terminated: true },
      { data: null, terminated: false },
    ]);
  });

  it('says which event the stream ended in', () => {
    const frames = decode([encoder.encode('data: a\n\ndata: {"b')]);

    expect(frames.map(({ terminated }) => terminated)).toEqual([true, false]);
  });

  it('keeps the terminator of a CRLF stream with its event', () => {
    const frames = decode(singly(encoder.encode('data: a\r\n\r\ndata: b\r\n\r\n')));

    expect(frames.map(({ raw }) => Buffer.from(raw).toString())).toEqual([
      'data: a\r\n\r\n',
      'data: b\r\n\r\n',
    ]);
  });

  it.each([
    ['cut off by the end of its line', [0xe4, 0xbd, 0x0a]],
    ['that are Latin-1', [0x63, 0x61, 0x66, 0xe9, 0x0a]],
    ['that are no UTF-8 at all', [0xff, 0xfe, 0xc0, 0x80, 0x0a]],
  ])('replaces bytes %s', (_, bytes) => {
    const stream = Uint8Array.from([...encoder.encode('data: '), ...bytes, 0x0a]);

    const expected = new TextDecoder().decode(Uint8Array.from(bytes.slice(0, -1)));
    expect(eventsOf(decode([stream]))).toEqual([{ event: null, data: expected }]);
    expect(eventsOf(decode(singly(stream)))).toEqual([{ event: null, data: expected }]);
  });

  it('reads any bytes as the rules say, however they are cut, and loses none', () => {
    const token = fc.constantFrom(
      'data',
      'event',
      'id',
      ':',
      ': ',
      ' ',
      '\n',
      '\r',
      '\r\n',
      '\n\n',
      '\r\n\r\n',
      '\ufeff',
      'é',
      '🦄',
      'x',
      '{"a":1}',
      'data: ',
      'data: y\n\n',
      'event: e\ndata: z\n\n',
      'event: e\r\ndata: z\r\n\r\n',
    ); // prettier-ignore
    const text = fc
      .array(token, { maxLength: 40 })
      .map((tokens) => encoder.encode(tokens.join('')));
    const junk = fc.uint8Array({ maxLength: 6 });
    const bytes = fc.tuple(text, junk, text).map((parts) => Uint8Array.from(Buffer.concat(parts)));

    fc.assert(
      fc.property(
        bytes.chain((all) => fc.tuple(fc.constant(all), cutUp(all))),
        ([all, pieces]) => {
          const whole = decode([all]);
          const cut = decode(pieces);

          expect(eventsOf(whole)).toEqual(referenceEvents(all));
          expect(cut.map(describeFrame)).toEqual(whole.map(describeFrame));
          expect(rawOf(cut)).toEqual(Buffer.from(all));
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('refuses an event larger than its limit, wherever it is cut', () => {
    const stream = encoder.encode(`data: a\n\ndata: ${'x'.repeat(200)}\n\n`);

    for (const size of [1, 64, stream.length]) {
      const decoder = new SseDecoder({ maxEventBytes: 100 });
      const frames: SseFrame[] = [];
      const cuts = Array.from({ length: Math.floor(stream.length / size) }, (_, i) => i * size);
      const push = () => {
        for (const piece of cutAt(stream, cuts)) decoder.push(piece, frames);
      };

      expect(push).toThrow(SseLimitError);
      expect(eventsOf(frames)).toEqual([{ event: null, data: 'a' }]);
    }
  });

  it('holds an endless event at about its own size and lets it go at the limit', async () => {
    const decoder = new SseDecoder({ maxEventBytes: 32 * 1024 * 1024 });
    const frames: SseFrame[] = [];
    const before = memoryHeld();
    let most = 0;

    const push = () => {
      for (let pushed = 1; ; pushed += 1) {
        decoder.push(Buffer.alloc(64 * 1024, 'x'), frames);
        if (pushed % 100 === 0) most = Math.max(most, memoryHeld() - before);
      }
    };

    expect(push).toThrow(SseLimitError);
    expect(most).toBeLessThan(44 * 1024 * 1024);
    // Buffers are swept some time after they are let go.
    await vi.waitFor(() => expect(memoryHeld() - before).toBeLessThan(8 * 1024 * 1024), 10_000);
  });

  it('takes linear time for a large event in small pieces', () => {
    const bytes = 16 * 1024 * 1024;
    const decoder = new SseDecoder();
    const frames: SseFrame[] = [];
    const piece = Buffer.alloc(256, 'x');

    const started = performance.now();
    decoder.push(encoder.encode('data: '), frames);
    for (let sent = 0; sent < bytes; sent += piece.length) decoder.push(piece, frames);
    decoder.push(encoder.encode('\n\n'), frames);

    expect(frames[0]?.data?.length).toBe(bytes);
    // Copying what is held at every piece would be 500 GB.
    expect(performance.now() - started).toBeLessThan(3_000);
  });
});

function describeFrame({ event, data, raw, terminated }: SseFrame) {
  return { event, data, terminated, raw: Buffer.from(raw).toString('hex') };
}

function memoryHeld(): number {
  globalThis.gc?.();
  return process.memoryUsage().arrayBuffers;
}
