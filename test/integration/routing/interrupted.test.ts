import { describe, expect, it } from 'vitest';
import { handClock } from '../../support/quick-clock.js';
import {
  breaks,
  eventsBefore,
  goesOn,
  goingOnOf,
  messagesOf,
  PARTIAL,
  readings,
  type Seen,
  saidIn,
  setUp,
  usePair,
  WHOLE,
} from './support/interrupting.js';

const pair = usePair();

/** How often an event of that type came. */
const count = ({ events }: Seen, type: string): number =>
  events.filter((event) => event.type === type).length;

interface Chunk {
  readonly choices: readonly {
    readonly delta: { readonly role?: string };
    readonly finish_reason: string | null;
  }[];
}

describe.each(readings)('a stream that breaks ($name)', (reading) => {
  it.each(['close', 'reset', 'end', 'error-event', 'malformed'])(
    'is gone on with at the only target after: %s',
    async (kind) => {
      pair.first.enqueue(breaks(reading, kind));
      const { ask, settled } = setUp(reading, pair);
      const { text } = await ask();

      expect(text).toBe(WHOLE);
      expect(pair.first.requests.map(saidIn)).toEqual([undefined, PARTIAL]);
      expect(settled).toMatchObject([{ outcome: 'success', complete: true, text: WHOLE }]);
    },
  );

  it('is gone on with after silence', async () => {
    pair.first.enqueue(breaks(reading, 'hang'));
    const clock = handClock();
    const { ask } = setUp(reading, pair, { clock, timeouts: { idle: 1_000 } });
    const { text } = await ask({
      onText: (so) => {
        if (so === PARTIAL) clock.advance(1_000);
        return undefined;
      },
    });

    expect(text).toBe(WHOLE);
    expect(pair.first.requests).toHaveLength(2);
  });

  it('looks like one stream of one answer', async () => {
    const plain = await setUp(reading, pair).ask();
    pair.first.reset();
    pair.first.enqueue({ ...breaks(reading, 'reset'), model: 'the-first' });
    pair.first.enqueue(goesOn({ model: 'another', finishReason: 'length' }));
    const seen = await setUp(reading, pair).ask();

    expect(seen.text).toBe(plain.text);
    if (reading.dialect === 'messages') {
      for (const type of ['message_start', 'content_block_start', 'content_block_stop']) {
        expect([type, count(seen, type)]).toEqual([type, 1]);
      }
      expect(seen.events.at(-1)).toMatchObject({ type: 'message_stop' });
      expect(seen.events.at(-2)).toMatchObject({
        delta: { stop_reason: 'max_tokens' },
        usage: { input_tokens: 10, output_tokens: 4 },
      });
    } else {
      const chunks = seen.events as unknown as Chunk[];
      const about = seen.events.map(({ id, model, created }) => `${id} ${model} ${created}`);
      expect(new Set(about).size).toBe(1);
      expect(about[0]).toContain('the-first');
      const choices = chunks.flatMap((chunk) => chunk.choices);
      expect(choices.filter(({ delta }) => delta.role)).toHaveLength(1);
      expect(choices.flatMap(({ finish_reason: reason }) => reason ?? [])).toEqual(['length']);
    }
  });

  it('is gone on with at another target, where the one it broke at cannot be asked', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    pair.first.enqueue({ status: 503 });
    const { ask, settled } = setUp(reading, pair, { two: true });
    const { text } = await ask();

    expect(text).toBe(WHOLE);
    expect(pair.second.requests.map(saidIn)).toEqual([PARTIAL]);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'continued', target: 'second' }]);
  });

  it('is gone on with at another target, where what goes on fails before it says anything', async () => {
    pair.first.enqueue(breaks(reading, 'end'));
    pair.first.enqueue({
      text: 'lost',
      fault: { kind: 'reset', after: { events: eventsBefore(reading, 0) } },
    });
    const { ask, settled } = setUp(reading, pair, { two: true });
    const { text } = await ask();

    expect(text).toBe(WHOLE);
    expect(settled[0]?.attempts.map(({ failure }) => failure?.kind)).toEqual([
      'truncated',
      'connection',
      undefined,
    ]);
    expect(goingOnOf(settled[0])).toEqual([{ kind: 'continued', target: 'second' }]);
  });

  it('is gone on with twice', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    pair.first.enqueue({
      ...breaks(reading, 'reset'),
      text: WHOLE.slice(PARTIAL.length),
      fault: { kind: 'close', after: { events: eventsBefore(reading, 2) } },
    });
    const { ask, settled } = setUp(reading, pair);
    const seen = await ask();

    expect(seen.text).toBe(WHOLE);
    expect(pair.first.requests.map(saidIn)).toEqual([undefined, PARTIAL, `${PARTIAL} four five`]);
    expect(settled[0]?.text).toBe(WHOLE);
    if (reading.dialect === 'messages') expect(count(seen, 'content_block_start')).toBe(1);
  });

  it('is put together by the helpers of the SDK', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    const { final } = await setUp(reading, pair).ask();

    if (!reading.name.endsWith('stream()')) return;
    expect(final).toMatchObject(
      reading.dialect === 'chat'
        ? { choices: [{ finish_reason: 'stop', message: { content: WHOLE } }] }
        : { stop_reason: 'end_turn', content: [{ type: 'text', text: WHOLE }] },
    );
  });

  it('has what was said, and the question behind it, in the request that goes on', async () => {
    pair.first.enqueue(breaks(reading, 'reset'));
    await setUp(reading, pair).ask({ body: { max_tokens: 77 } });

    const [before, after] = pair.first.requests.map(({ json }) => json as { messages: object[] });
    expect(after).toEqual({
      ...before,
      messages: [
        ...(before?.messages ?? []),
        { role: 'assistant', content: PARTIAL },
        { role: 'user', content: expect.stringContaining('exactly where it stops') },
      ],
    });
    expect(pair.first.requests[1] && messagesOf(pair.first.requests[1])).toHaveLength(3);
  });
});
