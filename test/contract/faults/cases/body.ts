import { expect } from 'vitest';
import type { FaultCase } from '../harness/fault-case.js';
import { http, json } from '../harness/script.js';
import { at, openaiOnly } from '../harness/sdks.js';
import { completion, openaiUsage } from '../harness/shapes.js';

const answered = { outcome: 'success', text: 'hello world' } as const;
const DEPTH = 10_000;

const polluting = completion({
  choices: 'CHOICES',
}).replace(
  '"CHOICES"',
  `[{"index":0,"finish_reason":"tool_calls","message":{"role":"assistant","content":"x","__proto__":{"role":"tool"},
     "tool_calls":[{"id":"t1","type":"function","function":{"name":"f","arguments":"{\\"__proto__\\":{\\"x\\":1}}"}}]}}],
     "__proto__":{"polluted":1}`,
);

const garbage = completion({ usage: 'USAGE' }).replace(
  '"USAGE"',
  '{"prompt_tokens":"12","completion_tokens":-3,"total_tokens":1e400}',
);

const nested = completion({ x: 'NESTED' }).replace(
  '"NESTED"',
  '['.repeat(DEPTH) + ']'.repeat(DEPTH),
);

/** Bodies that are whole and strange. OpenAI's words; the bytes are what matters. */
export const bodyCases: readonly FaultCase[] = [
  {
    id: 'B01',
    priority: 'P0',
    title: '__proto__ in a JSON answer',
    sdks: openaiOnly,
    attempts: () => [[json(200, polluting)]],
    expect: {
      outcome: 'success',
      text: 'x',
      usage: 'reported',
      check: (_, { settled }) => {
        expect(Reflect.get({}, 'polluted')).toBeUndefined();
        expect(Reflect.get({}, 'x')).toBeUndefined();
        expect(settled[0]?.choices[0]?.toolCalls[0]?.arguments).toBe('{"__proto__":{"x":1}}');
      },
    },
  },
  {
    id: 'B03',
    priority: 'P1',
    title: 'an answer nested 10,000 deep',
    sdks: openaiOnly,
    attempts: () => [[json(200, nested)]],
    expect: { ...answered, usage: 'reported' },
  },
  ...(['temperature', 'max_tokens'] as const).map(
    (name, index): FaultCase => ({
      id: 'B05',
      variant: name,
      priority: 'P1',
      title: 'NaN and Infinity as parameters',
      extra: { [name]: index === 0 ? Number.NaN : Number.POSITIVE_INFINITY },
      expect: {
        outcome: 'error',
        hits: 0,
        error: { is: 'BadRequestError', message: new RegExp(name) },
      },
    }),
  ),
  {
    id: 'B09',
    priority: 'P1',
    title: 'usage values that are no counts',
    sdks: openaiOnly,
    attempts: () => [[json(200, garbage)]],
    expect: {
      ...answered,
      check: ({ answer }, { settled }) => {
        const usage = settled[0]?.usage;
        expect(usage?.invalid).toBe(true);
        expect(usage?.inputTokens).toBeUndefined();
        expect(usage?.outputTokens).toBeUndefined();
        expect(usage?.totalTokens).toBeUndefined();
        expect(at(answer, 'usage')).toEqual({
          prompt_tokens: '12',
          completion_tokens: -3,
          total_tokens: Number.POSITIVE_INFINITY,
        });
      },
    },
  },
  {
    id: 'B10',
    variant: 'null',
    priority: 'P0',
    title: 'usage null or missing',
    sdks: openaiOnly,
    attempts: () => [[json(200, completion({ usage: null }))]],
    expect: {
      ...answered,
      usage: 'none',
      check: (_, { settled }) => expect(settled[0]?.usageMissing).toBe('not_reported'),
    },
  },
  {
    id: 'B10',
    variant: 'missing',
    priority: 'P0',
    title: 'usage null or missing',
    sdks: openaiOnly,
    attempts: () => [[json(200, completion({ usage: undefined }))]],
    expect: { ...answered, usage: 'none' },
  },
  {
    id: 'B11',
    priority: 'P0',
    title: 'a model nobody knows',
    extra: { model: 'brand-new-model' },
    expect: {
      ...answered,
      usage: 'reported',
      check: (_, { settled }) => expect(settled[0]?.requestModel).toBe('brand-new-model'),
    },
  },
  {
    id: 'B13',
    priority: 'P2',
    title: 'Latin-1 bytes in JSON',
    attempts: ({ ok }) => [
      [
        http(
          200,
          { 'content-type': 'application/json' },
          Buffer.from(ok.replace('hello world', 'caf\u00E9'), 'latin1'),
        ),
      ],
    ],
    expect: { outcome: 'success', text: 'caf\uFFFD', usage: 'reported' },
  },
  {
    id: 'B14',
    priority: 'P2',
    title: 'more cached tokens than prompt tokens',
    sdks: openaiOnly,
    attempts: () => [
      [
        json(
          200,
          completion({ usage: { ...openaiUsage, prompt_tokens_details: { cached_tokens: 50 } } }),
        ),
      ],
    ],
    expect: {
      ...answered,
      check: (_, { settled }) => expect(settled[0]?.usage?.invalid).toBe(true),
    },
  },
  {
    id: 'B15',
    priority: 'P2',
    title: 'JSON labelled text/plain',
    attempts: ({ ok }) => [[http(200, { 'content-type': 'text/plain' }, ok)]],
    expect: { ...answered, usage: 'reported' },
  },
  {
    id: 'B15',
    variant: 'no label',
    priority: 'P2',
    title: 'JSON labelled text/plain',
    attempts: ({ ok }) => [[http(200, {}, ok)]],
    expect: { ...answered, usage: 'reported' },
  },
];
