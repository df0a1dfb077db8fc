import { expect } from 'vitest';
import {
  asking,
  type CacheCase,
  cacheCases,
  endings,
  judgeStore,
  statuses,
} from '../harness/cache-cases.js';
import type { FaultCase } from '../harness/fault-case.js';
import type { MapAdapter } from '../harness/map-adapter.js';
import { startReplies } from '../harness/origin.js';
import type { CallChanges, Scene } from '../harness/scene.js';
import { json } from '../harness/script.js';
import { anthropicOnly, at, CANARY, openaiOnly } from '../harness/sdks.js';
import { completion, type Shape } from '../harness/shapes.js';

const user = (content: unknown) => ({ role: 'user', content });
const parameters = { type: 'object', properties: { city: { type: 'string' } } };
const tool = (name: string) => ({ type: 'function', function: { name, parameters } });

/** Each is laid over the usual request by itself; together they are all that OpenAI gives a meaning. */
const openaiVariants: readonly object[] = [
  { model: 'gpt-y' },
  { messages: [user('hi!')] },
  { messages: [user([{ type: 'text', text: 'hi' }])] },
  { messages: [{ ...user('hi'), name: 'ann' }] },
  { messages: [{ role: 'system', content: 'Be brief.' }, user('hi')] },
  { messages: [{ role: 'developer', content: 'Be brief.' }, user('hi')] },
  { messages: [user('hi'), { role: 'assistant', content: 'Yes?' }, user('hi')] },
  { tools: [tool('weather')] },
  { tools: [tool('forecast')] },
  { tools: [tool('weather')], tool_choice: 'required' },
  { tools: [tool('weather')], tool_choice: { type: 'function', function: { name: 'weather' } } },
  { tools: [tool('weather')], parallel_tool_calls: false },
  { functions: [{ name: 'weather', parameters }] },
  { function_call: 'none' },
  { response_format: { type: 'json_object' } },
  { response_format: { type: 'json_schema', json_schema: { name: 'a', schema: parameters } } },
  { seed: 1 },
  { seed: 2 },
  { n: 2 },
  { stop: 'x' },
  { stop: ['x'] },
  { temperature: 0 },
  { temperature: 0.5 },
  { top_p: 0.5 },
  { max_tokens: 10 },
  { max_completion_tokens: 10 },
  { logit_bias: { 50256: -100 } },
  { logprobs: true },
  { logprobs: true, top_logprobs: 2 },
  { presence_penalty: 1 },
  { frequency_penalty: 1 },
  { reasoning_effort: 'low' },
  { reasoning_effort: 'high' },
  { modalities: ['text', 'audio'] },
  { audio: { voice: 'alloy', format: 'mp3' } },
  { prediction: { type: 'content', content: 'hello' } },
  { service_tier: 'flex' },
  { verbosity: 'low' },
  { web_search_options: {} },
  { web_search_options: { search_context_size: 'low' } },
  { user: 'ann' },
  { prompt_cache_key: 'k' },
  { safety_identifier: 's' },
  { x_future: { a: [1] } },
];

/** The same of Anthropic's. */
const anthropicVariants: readonly object[] = [
  { model: 'claude-y' },
  { messages: [user('hi!')] },
  { messages: [user([{ type: 'text', text: 'hi' }])] },
  { messages: [user([{ type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } }])] },
  { messages: [user('hi'), { role: 'assistant', content: 'Yes?' }, user('hi')] },
  { system: 'Be brief.' },
  { system: [{ type: 'text', text: 'Be brief.' }] },
  { tools: [{ name: 'weather', input_schema: parameters }] },
  { tools: [{ name: 'weather', input_schema: parameters }], tool_choice: { type: 'any' } },
  { tool_choice: { type: 'auto', disable_parallel_tool_use: true } },
  { max_tokens: 65 },
  { stop_sequences: ['x'] },
  { temperature: 0 },
  { temperature: 0.5 },
  { top_p: 0.5 },
  { top_k: 5 },
  { thinking: { type: 'enabled', budget_tokens: 1_024 } },
  { thinking: { type: 'disabled' } },
  { service_tier: 'standard_only' },
  { output_config: { effort: 'low' } },
  { metadata: { user_id: 'ann' } },
  { context_management: { edits: [] } },
  { x_future: { a: [1] } },
];

/** What tells calls apart beside their bodies. */
const aroundTheBody = (scene: Scene): readonly (() => Promise<unknown>)[] => [
  () => scene.call({ options: { headers: { 'anthropic-beta': 'a' } } }),
  () => scene.call({ options: { headers: { 'openai-beta': 'a' } } }),
  () => scene.call({ options: { headers: { 'openai-beta': 'b' } } }),
  () => scene.call({ options: { headers: { 'x-region': 'eu' } } }),
  () => scene.call({ options: { query: { 'api-version': '2' } } }),
  () => scene.call({}, scene.connect({ url: `${scene.origin.url}/mirror` })),
];

/** As many choices as are asked for. */
const startChoosing = (shape: Shape) =>
  startReplies(({ json: asked }) => {
    if (at(asked, 'n') !== 2) return { wire: [json(200, shape.ok)] };
    const choice = at(JSON.parse(shape.ok), 'choices', 0);
    const second = { ...Object(choice), index: 1 };
    return { wire: [json(200, completion({ choices: [choice, second] }))] };
  });

const complete: readonly CacheCase[] = [
  {
    id: 'C06',
    priority: 'P0',
    title: 'each field with a meaning is in the key',
    sdks: openaiOnly,
    origin: startChoosing,
    act: (scene, adapter) => tellApart(scene, adapter, openaiVariants),
  },
  {
    id: 'C06',
    variant: 'Anthropic',
    priority: 'P0',
    title: 'each field with a meaning is in the key',
    sdks: anthropicOnly,
    act: (scene, adapter) => tellApart(scene, adapter, anthropicVariants),
  },
];

async function tellApart(
  scene: Scene,
  adapter: MapAdapter | undefined,
  variants: readonly object[],
): Promise<void> {
  const calls = [
    () => scene.call(),
    ...variants.map((extra) => () => scene.call({ extra })),
    ...aroundTheBody(scene),
  ];

  for (const call of calls) await call();
  const first = statuses(scene);
  const hits = scene.origin.hits;
  for (const call of calls) await call();
  const second = statuses(scene).slice(calls.length);

  expect(first).toEqual(calls.map(() => 'MISS'));
  expect(second).toEqual(calls.map(() => 'HIT'));
  expect([hits, scene.origin.hits]).toEqual([calls.length, calls.length]);
  const keys = scene.ledger.rows.map(({ cacheKey }) => cacheKey);
  expect(new Set(keys).size).toBe(calls.length);
  await judgeStore(scene, adapter, { stored: calls.length });
}

type Ask = (scene: Scene) => Promise<unknown>;

const ask =
  (changes: CallChanges): Ask =>
  (scene) =>
    scene.call(changes);

/** Two who ask for the same. */
const strangers: readonly (readonly [string, Ask, Ask])[] = [
  ['two tenants', ask(asking({ tenant: 'a' })), ask(asking({ tenant: 'b' }))],
  ['a tenant and nobody', ask(asking({ tenant: 'a' })), ask({})],
  [
    'tenants of two scopes',
    (scene) => scene.gateway.run({ tenant: 'a' }, () => scene.call()),
    (scene) => scene.gateway.run({ tenant: 'b' }, () => scene.call()),
  ],
  [
    'names that run together',
    ask(asking({ tenant: 'a","b' })),
    ask(asking({ tenant: 'a', metadata: { b: '' } })),
  ],
  ['two keys', ask({}), (scene) => scene.call({}, scene.connect({ apiKey: `${CANARY}-other` }))],
  [
    'two keys for one call',
    ask({ options: { headers: { authorization: `Bearer ${CANARY}-1`, 'x-api-key': null } } }),
    ask({ options: { headers: { authorization: `Bearer ${CANARY}-2`, 'x-api-key': null } } }),
  ],
  [
    'two organisations',
    ask({ options: { headers: { 'openai-organization': 'a' } } }),
    ask({ options: { headers: { 'openai-organization': 'b' } } }),
  ],
];

const apart = strangers.map(
  ([variant, one, other]): CacheCase => ({
    id: 'C08',
    variant,
    priority: 'P0',
    title: 'callers do not share answers',
    async act(scene, adapter) {
      await one(scene);
      await other(scene);
      await one(scene);
      await other(scene);

      expect(endings(scene)).toEqual([
        'success MISS',
        'success MISS',
        'success HIT',
        'success HIT',
      ]);
      expect(scene.origin.hits).toBe(2);
      await judgeStore(scene, adapter, { stored: 2 });
    },
  }),
);

/** A request as text, as what speaks no SDK sends it. */
const raw =
  (members: string): Ask =>
  async (scene) => {
    const { gateway, origin, sdk } = scene;
    const isOpenai = sdk.name !== 'anthropic 1';
    scene.countCall();
    const response = await gateway.fetch(
      `${origin.url}/v1/${isOpenai ? 'chat/completions' : 'messages'}`,
      {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(isOpenai ? { authorization: `Bearer ${CANARY}` } : { 'x-api-key': CANARY }),
        },
        body: `{"model":"gpt-x","max_tokens":64,"messages":[{"role":"user","content":"hi"}]${members}}`,
      },
    );
    expect(await response.text()).toBe(sdk.shape.ok);
  };

const extra = (given: object): Ask => ask({ extra: given });
const schema = (one: object): object => ({ tools: [{ name: 'f', input_schema: one }] });

const same: readonly (readonly [string, Ask, Ask])[] = [
  [
    'order of members',
    extra({ ...schema({ type: 'object', required: ['b', 'a'] }), top_p: 1, seed: 2 }),
    extra({ seed: 2, top_p: 1, ...schema({ required: ['b', 'a'], type: 'object' }) }),
  ],
  [
    'undefined and absent',
    extra({ seed: undefined, metadata: { a: undefined } }),
    extra({ metadata: {} }),
  ],
  ['1 and 1.0', extra({ temperature: 1 }), extra({ temperature: 1.0 })],
  ['1 and 1.0, written', raw(',"temperature":1'), raw(',"temperature":1.0')],
  ['1e0 and 10e-1, written', raw(',"temperature":1e0'), raw(',"temperature":10e-1')],
  ['white space and escapes, written', raw(',"user":"é"'), raw(' ,\n"user" : "\\u00e9"')],
];

const different: readonly (readonly [string, Ask, Ask])[] = [
  ['order of elements', extra({ stop: ['a', 'b'] }), extra({ stop: ['b', 'a'] })],
  ['null and absent', extra({ seed: null }), extra({})],
  ['"1" and 1', extra({ seed: '1' }), extra({ seed: 1 })],
  ['true and "true"', extra({ logprobs: true }), extra({ logprobs: 'true' })],
  ['-0 and 0', extra({ temperature: -0 }), extra({ temperature: 0 })],
  ['-0 and 0, written', raw(',"temperature":-0'), raw(',"temperature":0')],
  [
    'white space in content',
    extra({ messages: [user('a b')] }),
    extra({ messages: [user('a  b')] }),
  ],
  ['a line break at the end', extra({ messages: [user('a')] }), extra({ messages: [user('a\n')] })],
  ['case', extra({ messages: [user('a')] }), extra({ messages: [user('A')] })],
  [
    'forms of one letter',
    extra({ messages: [user('\u00e9')] }),
    extra({ messages: [user('e\u0301')] }),
  ],
  ['an empty list and none', extra({ stop: [] }), extra({})],
  ['an empty object and none', extra({ metadata: {} }), extra({})],
  ['nesting', extra({ a: { b: 1 }, c: 2 }), extra({ a: { b: 1, c: 2 } })],
  ['__proto__ and none', raw(',"metadata":{"__proto__":{"a":"1"}}'), raw(',"metadata":{}')],
];

const pairs = (
  about: Pick<CacheCase, 'id' | 'priority' | 'title'>,
  list: typeof same,
  keys: 1 | 2,
): readonly CacheCase[] =>
  list.map(([variant, one, other]) => ({
    ...about,
    variant,
    async act(scene, adapter) {
      await one(scene);
      await other(scene);

      expect(statuses(scene)).toEqual(['MISS', keys === 1 ? 'HIT' : 'MISS']);
      expect(scene.origin.hits).toBe(keys);
      await judgeStore(scene, adapter, { stored: keys });
    },
  }));

/** Which calls are the same. */
export const cacheKeyCases: readonly FaultCase[] = cacheCases([
  ...complete,
  ...apart,
  ...pairs({ id: 'C10', priority: 'P1', title: 'the same in other words is the same' }, same, 1),
  ...pairs(
    { id: 'C11', priority: 'P1', title: 'what is not the same is told apart' },
    different,
    2,
  ),
]);
