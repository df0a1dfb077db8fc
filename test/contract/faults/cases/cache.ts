import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import {
  type CacheCase,
  cacheCases,
  endings,
  hitRow,
  judgeStore,
  missRow,
  statuses,
} from '../harness/cache-cases.js';
import type { FaultCase } from '../harness/fault-case.js';
import { judgeError } from '../harness/judge.js';
import type { MapAdapter } from '../harness/map-adapter.js';
import { type Origin, startReplies } from '../harness/origin.js';
import { saidIn } from '../harness/said.js';
import type { CallChanges, Scene } from '../harness/scene.js';
import { type Attempt, json, openStream, shortBody, stream } from '../harness/script.js';
import { at, type ErrorName, openaiOnly, type SdkName } from '../harness/sdks.js';
import { chunk, completion, delta, done, openaiUsage, type Shape } from '../harness/shapes.js';
import { type BothModes, textAnswer, toolAnswer } from '../harness/tool-answers.js';

const words = ({ opening, hello, world }: Shape) => [...opening, hello, world];
const whole = (shape: Shape) => textAnswer(shape).events;

/** The same answer in the mode that is asked for. */
function startBothModes({ json: body, events }: BothModes): Promise<Origin> {
  return startReplies(({ json: asked }) => ({
    wire: at(asked, 'stream') === true ? stream(events) : [json(200, body)],
  }));
}

const modes = [
  ['JSON', false],
  ['a stream', true],
] as const;

const hits: readonly CacheCase[] = [
  ...modes.map(
    ([variant, isStream]): CacheCase => ({
      id: 'C01',
      variant,
      priority: 'P0',
      title: 'the same request twice',
      stream: isStream,
      origin: (shape) => startBothModes(textAnswer(shape)),
      act: exactHit,
    }),
  ),
  {
    id: 'C01',
    variant: 'bytes and headers',
    priority: 'P0',
    title: 'the same request twice',
    act: exactResponse,
  },
  ...([textAnswer, toolAnswer] as const).flatMap((answer) =>
    modes.map(
      ([primed, isStream]): CacheCase => ({
        id: 'C15',
        variant: `${answer === toolAnswer ? 'tool calls' : 'text'} stored as ${primed}`,
        priority: 'P0',
        title: 'an answer given in the other mode',
        origin: (shape) => startBothModes(answer(shape)),
        act: (scene, adapter) => otherMode(scene, adapter, isStream),
      }),
    ),
  ),
  ...modes.map(
    ([variant, isStream]): CacheCase => ({
      id: 'C20',
      variant,
      priority: 'P0',
      title: 'a caller changes what it was given',
      stream: isStream,
      origin: (shape) => startBothModes(toolAnswer(shape)),
      act: mutate,
    }),
  ),
];

async function exactHit(scene: Scene, adapter: MapAdapter | undefined): Promise<void> {
  const first = await scene.call();
  const second = await scene.call();

  expect(first.text).toBe('hello world');
  expect(second).toEqual(first);
  expect(scene.origin.hits).toBe(1);
  expect(scene.ledger.rows).toMatchObject([missRow, hitRow]);
  expect(scene.ledger.rows[1]?.usage).toBeNull();
  const labels = { 'zerohop.cache.saved.input_tokens': 5, 'zerohop.cache.saved.output_tokens': 7 };
  expect(scene.ledger.roots().map(({ attributes }) => attributes)).toMatchObject([
    { 'zerohop.cache.status': 'MISS', 'zerohop.attempts': 1 },
    { 'zerohop.cache.status': 'HIT', 'zerohop.attempts': 0, ...labels },
  ]);
  await judgeStore(scene, adapter, { stored: 1 });
}

async function exactResponse(scene: Scene, adapter: MapAdapter | undefined): Promise<void> {
  const ask = async () => {
    scene.countCall();
    const response = await scene.caller.response({}, {});
    const { status, headers } = response;
    return { status, headers, body: await response.text() };
  };

  const first = await ask();
  const second = await ask();

  expect(first.body).toBe(scene.sdk.shape.ok);
  expect(second.body).toBe(first.body);
  expect(second.status).toBe(200);
  const told = (name: string) => [first.headers.get(name), second.headers.get(name)];
  expect(told('content-type')).toEqual(['application/json', 'application/json']);
  expect(told('x-zerohop-cache')).toEqual(['MISS', 'HIT']);
  expect(told('x-zerohop-cost')).toEqual(['0.000019', '0']);
  expect(told('x-zerohop-saved-cost')).toEqual([null, '0.000019']);
  expect(told('x-zerohop-attempts')).toEqual(['1', '0']);
  const keys = told('x-zerohop-cache-key');
  expect(keys).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), keys[0]]);
  expect(scene.origin.hits).toBe(1);
  await judgeStore(scene, adapter, { stored: 1 });
}

/** What is stored in one mode and asked for in the other is compared with what the provider says there. */
async function otherMode(
  scene: Scene,
  adapter: MapAdapter | undefined,
  isPrimedByStream: boolean,
): Promise<void> {
  const { sdk, origin } = scene;
  await scene.call({ stream: isPrimedByStream });
  const replayed = await scene.call({ stream: !isPrimedByStream });

  const bare = sdk.connect({ url: origin.url }, undefined);
  scene.unseenAttempts -= 1;
  const direct = { events: [] as object[], answer: undefined as object | undefined };
  if (isPrimedByStream) direct.answer = await bare.answer({}, {});
  else for await (const event of await bare.events({}, {})) direct.events.push(event);

  expect(replayed.error).toBeUndefined();
  const said = saidIn(sdk, replayed);
  expect(said).toEqual(saidIn(sdk, { ...replayed, ...direct }));
  expect(said.usage).toEqual([5, 7]);
  expect(origin.hits, 'of which one was the bare client').toBe(2);
  expect(scene.ledger.rows).toMatchObject([missRow, hitRow]);
  await judgeStore(scene, adapter, { stored: 1 });
}

/** Makes everything in an object say something else, as deep as it goes. */
function spoil(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    spoil(member);
    if (typeof member === 'string') Reflect.set(value, key, 'evil');
  }
  if (Array.isArray(value)) value.length = 0;
}

async function mutate(scene: Scene, adapter: MapAdapter | undefined): Promise<void> {
  const results = [];
  for (let count = 0; count < 3; count += 1) {
    const result = await scene.call();
    results.push({ text: result.text, said: structuredClone(saidIn(scene.sdk, result)) });
    spoil(result.answer ?? result.events);
  }
  const other = saidIn(scene.sdk, await scene.call({ stream: !scene.faultCase.stream }));

  expect(results[0]?.said.toolCalls).toMatchObject([
    { name: 'weather', input: { city: 'Nîmes', days: [1, 2] } },
  ]);
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
  expect(other).toEqual(results[0]?.said);
  expect(scene.origin.hits).toBe(1);
  expect(statuses(scene)).toEqual(['MISS', 'HIT', 'HIT', 'HIT']);
  await judgeStore(scene, adapter, { stored: 1 });
}

interface Failing {
  readonly variant: string;
  readonly is: ErrorName;
  readonly stream?: boolean;
  readonly attempt: (shape: Shape) => Attempt;
}

const failing: readonly Failing[] = [
  {
    variant: '500',
    is: 'InternalServerError',
    attempt: ({ error }) => [json(500, error('server_error'))],
  },
  {
    variant: '429',
    is: 'RateLimitError',
    attempt: ({ error }) => [json(429, error('rate_limit_error'))],
  },
  {
    variant: '200 with an error',
    is: 'APIError',
    attempt: ({ error }) => [json(200, error('overloaded_error', 'Provider returned error', 502))],
  },
  {
    variant: 'a first event that is an error',
    is: 'APIError',
    stream: true,
    attempt: ({ errorEvent }) => stream([errorEvent('overloaded_error', 'overloaded', 529)]),
  },
  {
    variant: 'an error after content',
    is: 'APIError',
    stream: true,
    attempt: ({ opening, hello, errorEvent }) =>
      stream([...opening, hello, errorEvent('server_error', 'boom', 'internal')]),
  },
  {
    variant: 'an error after the finish reason',
    is: 'APIError',
    stream: true,
    attempt: (shape) =>
      stream([...words(shape), ...shape.finish, shape.errorEvent('server_error', 'boom', 'x')]),
  },
];

const errors = failing.map(
  ({ variant, is, attempt, ...one }): CacheCase => ({
    id: 'C02',
    variant,
    priority: 'P0',
    title: 'errors are not stored',
    client: { maxRetries: 0 },
    ...one,
    attempts: (shape) => [
      attempt(shape),
      one.stream ? stream(whole(shape)) : [json(200, shape.ok)],
    ],
    async act(scene, adapter) {
      const first = await scene.call();
      await scene.gateway.flush();
      const stored = scene.gateway.cache.counters.stored;
      const second = await scene.call();
      const third = await scene.call();

      judgeError(scene, first.error, { is });
      expect(stored).toBe(0);
      expect([second.text, third.text]).toEqual(['hello world', 'hello world']);
      expect(scene.origin.hits).toBe(2);
      expect(endings(scene)).toEqual(['error MISS', 'success MISS', 'success HIT']);
      await judgeStore(scene, adapter, { stored: 1 });
    },
  }),
);

interface Partial {
  readonly variant: string;
  readonly stream?: boolean;
  readonly attempt: (shape: Shape) => Attempt;
  /** What the caller does at the first content. */
  readonly leave?: 'break' | 'abort';
}

const partial: readonly Partial[] = [
  { variant: 'cut off', stream: true, attempt: (shape) => stream(words(shape)) },
  {
    variant: 'reset',
    stream: true,
    attempt: (shape) => [...openStream(words(shape)), wire.sleep(20), wire.reset()],
  },
  { variant: 'JSON cut off', attempt: ({ ok }) => shortBody(ok, [wire.fin()]) },
  {
    variant: 'left by break',
    stream: true,
    leave: 'break',
    attempt: (shape) => [...openStream(words(shape)), wire.hang()],
  },
  {
    variant: 'aborted',
    stream: true,
    leave: 'abort',
    attempt: (shape) => [...openStream(words(shape)), wire.hang()],
  },
  {
    variant: 'left by break when all of it is here',
    stream: true,
    leave: 'break',
    attempt: (shape) => stream(whole(shape)),
  },
];

const truncated = partial.map(
  ({ variant, attempt, leave, ...one }): CacheCase => ({
    id: 'C03',
    variant,
    priority: 'P0',
    title: 'an answer that is not whole is not stored',
    client: { maxRetries: 0 },
    ...one,
    attempts: (shape) => [
      attempt(shape),
      one.stream ? stream(whole(shape)) : [json(200, shape.ok)],
    ],
    async act(scene, adapter) {
      const { signal, abort } = aborter();
      const onEvent: CallChanges['onEvent'] = (event) => {
        if (scene.sdk.textOfEvent(event) === '') return undefined;
        if (leave === 'abort') abort();
        return leave === 'break' ? 'break' : undefined;
      };
      await scene.call({ signal, onEvent });
      if (leave) await scene.origin.lastClosed();
      await scene.gateway.flush();
      const stored = scene.gateway.cache.counters.stored;
      const second = await scene.call();
      const third = await scene.call();

      expect(stored, 'stored of the first').toBe(0);
      expect([second.text, third.text]).toEqual(['hello world', 'hello world']);
      expect(scene.origin.hits).toBe(2);
      const how = leave ? 'aborted' : 'error';
      expect(endings(scene)).toEqual([`${how} MISS`, 'success MISS', 'success HIT']);
      await judgeStore(scene, adapter, { stored: 1 });
    },
  }),
);

function aborter(): { readonly signal: AbortSignal; readonly abort: () => void } {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}

/** Answers that end for reasons of their own, as JSON and as a stream. */
const unfinished: readonly (readonly [SdkName[] | undefined, string])[] = [
  [undefined, 'length'],
  [[...openaiOnly], 'content_filter'],
  [['anthropic 1'], 'pause_turn'],
  [['anthropic 1'], 'refusal'],
];

const cutShort = unfinished.flatMap(([only, reason]) =>
  modes.map(
    ([variant, isStream]): CacheCase => ({
      id: 'C04',
      variant: `${reason}, ${variant}`,
      priority: 'P1',
      title: 'an answer that was cut short is not stored',
      ...(only && { sdks: only }),
      stream: isStream,
      origin: (shape) => startBothModes(endingWith(shape, reason)),
      async act(scene, adapter) {
        const first = await scene.call();
        const second = await scene.call();

        expect(second).toEqual(first);
        expect(first.text).toBe('hello world');
        expect(scene.origin.hits).toBe(2);
        expect(scene.ledger.rows).toMatchObject([missRow, missRow]);
        const why = { kind: 'cache-not-stored', detail: { reason: expect.any(String) } };
        expect(scene.ledger.rows.map(({ decisions }) => decisions)).toEqual([[why], [why]]);
        await judgeStore(scene, adapter, { stored: 0 });
      },
    }),
  ),
);

function endingWith(shape: Shape, reason: string): BothModes {
  const { json: body, events } = textAnswer(shape);
  if (body.includes('chat.completion')) {
    return {
      json: completion({
        choices: [
          {
            index: 0,
            message: { role: 'assistant', content: 'hello world' },
            finish_reason: reason,
          },
        ],
      }),
      events: [
        ...words(shape),
        delta({}, reason),
        chunk({ choices: [], usage: openaiUsage }),
        done,
      ],
    };
  }
  const given = reason === 'length' ? 'max_tokens' : reason;
  const changed = (text: string) => text.replace('"end_turn"', JSON.stringify(given));
  return { json: changed(body), events: events.map(changed) };
}

/** What is stored, what is not, and what is given out again. */
export const cacheAnswerCases: readonly FaultCase[] = cacheCases([
  ...hits,
  ...errors,
  ...truncated,
  ...cutShort,
]);
