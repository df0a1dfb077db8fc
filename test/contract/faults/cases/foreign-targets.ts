import { expect } from 'vitest';
import { wire } from 'zerohop/testing';
import { COST, pricing } from '../harness/cache-cases.js';
import type { FaultCase } from '../harness/fault-case.js';
import { judge } from '../harness/judge.js';
import { answers, streams, whole } from '../harness/other-answers.js';
import type { Scene } from '../harness/scene.js';
import { json, openStream, stream } from '../harness/script.js';
import {
  anthropic1,
  anthropicOnly,
  at,
  OTHER_CANARY,
  openai7,
  openaiOnly,
} from '../harness/sdks.js';
import { anthropic, chunk, openai, openaiUsage, type Shape } from '../harness/shapes.js';
import { resetInTheMiddle } from './with-fallback-streams.js';

const always = (status: number) => {
  return ({ error }: Shape) => [[json(status, error('server_error'))]];
};

/** A pixel. */
const IMAGE =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
const schema = { type: 'object', properties: { city: { type: 'string' } } };
/** Everything in it is said in another way in OpenAI's words. */
const claudeRequest = {
  system: [{ type: 'text', text: 'be brief', cache_control: { type: 'ephemeral' } }],
  tools: [{ name: 'weather', description: 'tells the weather', input_schema: schema }],
  thinking: { type: 'enabled', budget_tokens: 1024 },
  max_tokens: 2_048,
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: IMAGE } },
      ],
    },
  ],
};

const translated = [false, true].map(
  (isStream): FaultCase => ({
    id: 'R07',
    ...(isStream && { variant: 'a stream' }),
    priority: 'P0',
    title: 'a fallback that speaks another wire format',
    sdks: anthropicOnly,
    otherSdk: openai7,
    stream: isStream,
    client: { maxRetries: 0 },
    extra: claudeRequest,
    attempts: ({ error }) => [[json(529, error('overloaded_error', 'Overloaded'))]],
    other: () => (isStream ? streams(openai) : answers(openai)),
    route: (other) => ({ fallbacks: [other({ model: 'gpt-b' })] }),
    expect: {
      outcome: 'success',
      text: 'hello world',
      usage: 'reported',
      otherHits: 1,
      kinds: ['status', undefined],
      check: (_, { other }) => {
        const [request] = other?.seen ?? [];
        expect(request?.headers).toMatchObject({ authorization: `Bearer ${OTHER_CANARY}` });
        expect(request?.wire).not.toMatch(/x-api-key|anthropic-version|thinking|cache_control/i);
        expect(JSON.parse(request?.body ?? '')).toMatchObject({
          model: 'gpt-b',
          messages: [
            { role: 'system', content: 'be brief' },
            {
              role: 'user',
              content: [
                { type: 'text', text: 'what is this?' },
                { type: 'image_url', image_url: { url: `data:image/png;base64,${IMAGE}` } },
              ],
            },
          ],
          tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
        });
      },
    },
  }),
);

/** The same in OpenAI's words, and a tool that was called. */
const openaiRequest = {
  max_tokens: 2_048,
  temperature: 0.5,
  reasoning_effort: 'low',
  messages: [
    { role: 'system', content: 'be brief' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'what is this?' },
        { type: 'image_url', image_url: { url: `data:image/png;base64,${IMAGE}` } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      tool_calls: [
        {
          id: 'call_1',
          type: 'function',
          function: { name: 'weather', arguments: '{"city":"Bonn"}' },
        },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'rain' },
  ],
  tools: [
    {
      type: 'function',
      function: { name: 'weather', description: 'tells the weather', parameters: schema },
    },
  ],
};

const translatedBack = [false, true].map(
  (isStream): FaultCase => ({
    id: 'R07',
    variant: isStream ? 'from OpenAI, a stream' : 'from OpenAI',
    priority: 'P0',
    title: 'a fallback that speaks another wire format',
    sdks: openaiOnly,
    otherSdk: anthropic1,
    stream: isStream,
    client: { maxRetries: 0 },
    extra: openaiRequest,
    attempts: always(503),
    other: () => (isStream ? streams(anthropic) : answers(anthropic)),
    route: (other) => ({ fallbacks: [other({ model: 'claude-b' })] }),
    expect: {
      outcome: 'success',
      text: 'hello world',
      usage: 'reported',
      otherHits: 1,
      kinds: ['status', undefined],
      check: (_, { other }) => {
        const [request] = other?.seen ?? [];
        expect(request?.headers).toMatchObject({ authorization: `Bearer ${OTHER_CANARY}` });
        expect(request?.wire).not.toMatch(/temperature|tool_calls|image_url/i);
        expect(JSON.parse(request?.body ?? '')).toMatchObject({
          model: 'claude-b',
          max_tokens: 2_048,
          system: 'be brief',
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: 'what is this?' },
                { type: 'image', source: { type: 'base64', media_type: 'image/png', data: IMAGE } },
              ],
            },
            {
              role: 'assistant',
              content: [
                { type: 'tool_use', id: 'call_1', name: 'weather', input: { city: 'Bonn' } },
              ],
            },
            { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'call_1' }] },
          ],
          tools: [{ name: 'weather', input_schema: schema }],
        });
      },
    },
  }),
);

/** Nobody can change any part of it. */
function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}

const frozen: readonly FaultCase[] = [
  {
    id: 'R09',
    priority: 'P1',
    title: 'a request that is frozen all through',
    stream: true,
    // So that the gateway asks for the usage itself.
    extra: { stream_options: undefined, metadata: { tags: { deep: 'x' } } },
    attempts: ({ errorEvent }) => [stream([errorEvent('overloaded_error', 'overloaded', 529)])],
    other: streams,
    route: (other) => ({
      fallbacks: [other({ model: 'model-b', request: { temperature: 0.5 } })],
      forwardMetadata: { metadata: ['team'] },
      metadata: { team: 'red' },
    }),
    act: sendFrozen,
  },
  {
    id: 'R09',
    variant: 'JSON',
    priority: 'P1',
    title: 'a request that is frozen all through',
    attempts: always(500),
    other: answers,
    // A function of the user's may change what it is given.
    route: (other) => ({ fallbacks: [other({ model: 'model-b', request: named })] }),
    act: sendFrozen,
  },
];

function named(body: unknown): unknown {
  Object.assign(Object(at(body, 'messages', 0)), { name: 'somebody' });
  return body;
}

async function sendFrozen(scene: Scene): Promise<void> {
  const sent: object[] = [];
  const before: object[] = [];
  const bodyOf = <Body extends object>(body: Body): Body => {
    before.push(structuredClone(body));
    sent.push(deepFreeze(body));
    return body;
  };

  const { error, text } = await scene.call({ bodyOf });

  expect(error).toBeUndefined();
  expect(text).toBe('hello world');
  expect(sent).toEqual(before);
  expect([scene.origin.hits, scene.other?.hits]).toEqual([3, 1]);
  const asked = [scene.origin, scene.other].map((origin) => {
    const body = origin?.seen?.at(-1)?.body ?? '';
    return at(JSON.parse(body), 'model');
  });
  expect(asked).toEqual([at(sent[0], 'model'), 'model-b']);
}

const MARK = 'only-for-the-first';
/** The mark in every slot of a client and of a request beside its body. */
const marked = {
  organization: MARK,
  project: MARK,
  defaultHeaders: { 'x-tenant': MARK, cookie: MARK, 'openai-beta': MARK, 'anthropic-beta': MARK },
  defaultQuery: { tenant: MARK },
};
const markedCall = {
  headers: { 'x-trace': MARK, 'x-tenant': `${MARK}-too`, authorization: `Bearer ${MARK}` },
  query: { user: MARK },
  idempotencyKey: MARK,
};

const credentials = [false, true].map(
  (isStream): FaultCase => ({
    id: 'R10',
    ...(isStream && { variant: 'a stream' }),
    priority: 'P0',
    title: 'credentials and headers stay where they belong',
    stream: isStream,
    client: { maxRetries: 0 },
    attempts: always(500),
    other: isStream ? streams : answers,
    route: (other) => ({ fallbacks: [other({ headers: { 'x-own': 'of the other' } })] }),
    async act(scene) {
      const caller = scene.connect({ more: marked });
      const result = await scene.call({ options: markedCall }, caller);

      await judge(scene, result, { outcome: 'success', text: 'hello world', otherHits: 1 });
      const [own] = scene.origin.seen ?? [];
      const [other] = scene.other?.seen ?? [];
      expect(own?.headers).toMatchObject({ authorization: `Bearer ${MARK}`, 'x-trace': MARK });
      expect(own?.wire.split(MARK).length, 'marks that are sent').toBeGreaterThan(6);
      expect(own?.wire).not.toContain('of the other');
      expect(other?.wire).not.toContain(MARK);
      expect(other?.headers).toMatchObject({
        'x-own': 'of the other',
        authorization: `Bearer ${OTHER_CANARY}`,
      });
    },
  }),
);

const committed: FaultCase = {
  id: 'R17',
  isShared: true,
  priority: 'P0',
  title: 'nobody else is asked in the middle of a stream',
  stream: true,
  attempts: ({ opening, hello }) => [
    [...openStream([...opening, hello]), wire.sleep(40), wire.reset()],
  ],
  other: streams,
  act: resetInTheMiddle,
};

/** A stream that says what it used, and then fails before its content. */
const usedThenFailed = (shape: Shape) => {
  const isOpenAI = shape === openai;
  const usage = isOpenAI ? [chunk({ choices: [], usage: openaiUsage })] : [];
  return stream([...shape.opening, ...usage, shape.errorEvent('server_error', 'x', 500)]);
};

const costs = [false, true].map(
  (hasOther): FaultCase => ({
    id: 'R22',
    ...(hasOther && { variant: 'with a fallback' }),
    priority: 'P0',
    title: 'what failed attempts used is counted once',
    stream: true,
    gateway: { pricing },
    client: { maxRetries: hasOther ? 0 : 2 },
    attempts: (shape) => [usedThenFailed(shape), stream(whole(shape))],
    ...(hasOther && { other: streams }),
    async act(scene) {
      const result = await scene.call();

      await judge(scene, result, {
        outcome: 'success',
        text: 'hello world',
        usage: 'reported',
        kinds: ['upstream_error', undefined],
        ...(hasOther ? { otherHits: 1 } : { hits: 2 }),
      });
      // Anthropic counts one token out when a message starts.
      const out = scene.sdk.name === 'anthropic 1' ? 1 : 7;
      const [row, ...more] = scene.ledger.rows;
      expect(more).toEqual([]);
      expect(row?.attempts).toMatchObject([
        { inputTokens: 5, outputTokens: out },
        { inputTokens: 5, outputTokens: 7, cost: COST },
      ]);
      const all = (5 + 2 * out) / 1e6 + COST;
      expect(row?.cost).toBeCloseTo(all, 12);
      expect(scene.settled[0]?.cost?.amount).toBeCloseTo(all, 12);
    },
  }),
);

/** What is sent to another target, and what that costs. */
export const foreignTargetCases: readonly FaultCase[] = [
  ...translated,
  ...translatedBack,
  ...frozen,
  ...credentials,
  committed,
  ...costs,
];
