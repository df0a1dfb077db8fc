import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import type { FaultCase } from '../harness/fault-case.js';
import { bytewise, end, stream, streamHead } from '../harness/script.js';
import { anthropicOnly, at, openaiOnly } from '../harness/sdks.js';
import { chunk, delta, done, event, openaiUsage, type Shape } from '../harness/shapes.js';

const whole = ({ opening, hello, world, finish, closing }: Shape): readonly string[] => [
  ...opening,
  hello,
  world,
  ...finish,
  ...closing,
];

const answered = { outcome: 'success', text: 'hello world' } as const;
const metered = { ...answered, usage: 'reported' } as const;

const tight = (text: string) => text.replaceAll(/^(data|event): /gm, '$1:');

/** The same events, whatever the bytes between them. */
const framings: readonly FaultCase[] = [
  {
    id: 'S01',
    priority: 'P0',
    title: 'a stream without faults',
    stream: true,
    attempts: (shape) => [stream(whole(shape))],
    expect: {
      ...metered,
      check: ({ events }, { sdk, settled }) => {
        expect(events).toHaveLength(sdk.shape.chunks);
        expect(settled[0]?.timings.firstContentMs).toBeGreaterThan(0);
        expect(settled[0]?.stream).toBe(true);
      },
    },
  },
  {
    id: 'S02',
    priority: 'P0',
    title: 'one byte a chunk, with multi-byte text',
    stream: true,
    attempts: ({ opening, unicode, world, finish, closing }) => [
      bytewise([...opening, unicode, world, ...finish, ...closing]),
    ],
    expect: { ...metered, text: 'héllo 你好 🦄 world' },
  },
  {
    id: 'S04',
    priority: 'P0',
    title: 'CRLF framing',
    stream: true,
    attempts: (shape) => [
      stream(
        whole(shape).map((one) => one.replaceAll('\n', '\r\n')),
        '\r\n\r\n',
      ),
    ],
    expect: metered,
  },
  {
    id: 'S06',
    priority: 'P0',
    title: 'no space after the colon',
    stream: true,
    attempts: (shape) => [stream(whole(shape).map(tight))],
    expect: metered,
  },
  {
    id: 'S07',
    priority: 'P1',
    title: 'comments, id:, retry:, event: message and empty events',
    sdks: openaiOnly,
    stream: true,
    attempts: ({ opening, hello, world, finish }) => [
      stream([
        ': ping',
        ...opening,
        ': keep-alive\n: x',
        `id: 7\nretry: 100\nevent: message\n${hello}`,
        '',
        world,
        ...finish,
        done,
      ]),
    ],
    expect: { ...answered, chunks: 4, usage: 'none' },
  },
  {
    id: 'S07',
    variant: 'named events',
    priority: 'P1',
    title: 'comments, id:, retry:, event: message and empty events',
    sdks: anthropicOnly,
    stream: true,
    attempts: ({ opening, hello, world, finish, closing }) => [
      stream([
        ': ping',
        ...opening,
        `id: 7\nretry: 100\n${hello}`,
        '',
        world,
        ...finish,
        ...closing,
      ]),
    ],
    expect: { ...metered, chunks: 7 },
  },
  {
    id: 'S08',
    priority: 'P2',
    title: 'byte order mark first',
    stream: true,
    attempts: (shape) => [
      [
        streamHead(),
        wire.chunk(
          `\uFEFF${whole(shape)
            .map((one) => `${one}\n\n`)
            .join('')}`,
        ),
        end(),
      ],
    ],
    expect: answered,
  },
  {
    id: 'S23',
    priority: 'P1',
    title: 'last event without the blank line',
    sdks: openaiOnly,
    stream: true,
    attempts: ({ opening, hello, world, finish }) => [
      [streamHead(), wire.chunk(`${[...opening, hello, world, ...finish].join('\n\n')}\n`), end()],
    ],
    expect: { ...answered, chunks: 4 },
  },
];

const filterPrologue = `data: ${JSON.stringify({
  id: '',
  object: '',
  created: 0,
  model: '',
  choices: [],
  prompt_filter_results: [],
})}`;

const annotation = chunk({
  choices: [{ index: 0, finish_reason: null, content_filter_results: {} }],
});

/** Chunks that are not what most providers send. */
const oddities: readonly FaultCase[] = [
  {
    id: 'S18',
    priority: 'P0',
    title: 'prologue with choices: []',
    sdks: openaiOnly,
    stream: true,
    attempts: (shape) => [stream([filterPrologue, ...whole(shape)])],
    expect: {
      ...metered,
      chunks: 6,
      check: (_, { settled }) => expect(settled[0]?.model).toBe('gpt-x'),
    },
  },
  {
    id: 'S19',
    priority: 'P1',
    title: 'choice without a delta',
    sdks: openaiOnly,
    stream: true,
    attempts: ({ opening, hello, world, finish }) => [
      stream([...opening, hello, annotation, world, ...finish, done]),
    ],
    expect: { ...answered, chunks: 5 },
  },
  {
    id: 'S20',
    priority: 'P0',
    title: 'usage the caller did not ask for',
    sdks: openaiOnly,
    stream: true,
    extra: { stream_options: undefined },
    attempts: (shape) => [stream(whole(shape))],
    expect: {
      ...metered,
      chunks: 4,
      check: ({ events }, { origin }) => {
        expect(events.filter((one) => Reflect.has(one, 'usage'))).toEqual([]);
        if ('provider' in origin) {
          const sent = at(origin, 'provider', 'requests', 0, 'json', 'stream_options');
          expect(sent).toEqual({ include_usage: true });
        }
      },
    },
  },
  {
    id: 'S22',
    priority: 'P1',
    title: 'usage in every chunk, cumulative',
    sdks: openaiOnly,
    stream: true,
    attempts: () => [
      stream([
        ...Array.from({ length: 7 }, (_, index) =>
          chunk({
            choices: [{ index: 0, delta: { content: String(index) }, finish_reason: null }],
            usage: { ...openaiUsage, completion_tokens: index + 1, total_tokens: index + 6 },
          }),
        ),
        delta({}, 'stop'),
        done,
      ]),
    ],
    expect: {
      ...metered,
      text: '0123456',
      chunks: 8,
      check: ({ events }) => expect(at(events, 2, 'usage', 'completion_tokens')).toBe(3),
    },
  },
  {
    id: 'S36',
    priority: 'P1',
    title: 'ping and unknown events',
    sdks: anthropicOnly,
    stream: true,
    attempts: ({ opening, hello, finish, closing }) => [
      stream([...opening, event('ping'), hello, event('future_event'), ...finish, ...closing]),
    ],
    expect: { ...metered, text: 'hello' },
  },
  {
    id: 'S40',
    priority: 'P1',
    title: 'two choices, interleaved',
    sdks: openaiOnly,
    stream: true,
    extra: { n: 2 },
    attempts: () => [
      stream([
        delta({ role: 'assistant', content: '' }),
        delta({ role: 'assistant', content: '' }, null, 1),
        delta({ content: 'a' }),
        delta({ content: 'x' }, null, 1),
        delta({ content: 'b' }),
        delta({}, 'stop'),
        delta({ content: 'y' }, null, 1),
        delta({}, 'length', 1),
        done,
      ]),
    ],
    expect: {
      outcome: 'success',
      chunks: 8,
      check: ({ events }, { settled }) => {
        const order = events.map((one) => at(one, 'choices', 0, 'index'));
        expect(order).toEqual([0, 1, 0, 1, 0, 0, 1, 1]);
        expect(settled[0]?.choices).toMatchObject([
          { index: 0, text: 'ab', finishReason: 'stop' },
          { index: 1, text: 'xy', finishReason: 'length' },
        ]);
      },
    },
  },
];

/** How events are framed, and what they may look like. */
export const streamFramingCases: readonly FaultCase[] = [...framings, ...oddities];
