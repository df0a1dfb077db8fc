import Anthropic from '@anthropic-ai/sdk';
import fc from 'fast-check';
import OpenAI from 'openai';
import { describe, expect, it } from 'vitest';
import type { TranslatedDialect } from '../../../src/dialects/translation/canonical-request.js';
import { Losses } from '../../../src/dialects/translation/losses.js';
import { type FakeProvider, startFakeProvider } from '../../../src/testing/index.js';
import { anyRequest } from '../../unit/dialects/support/any-request.js';
import { codecs } from '../../unit/dialects/support/codecs.js';
import {
  allCases,
  DIALECTS,
  recordedCases,
  refusalOf,
  TARGETS,
  type Translated,
  translateAll,
} from './request-targets.js';
import { type WrittenCase, writtenCases } from './written-requests.js';

const pairs = DIALECTS.flatMap((from) =>
  DIALECTS.filter((to) => to !== from).map((to) => ({ from, to })),
);

function translatedCases(from: TranslatedDialect, to: TranslatedDialect, cases = allCases) {
  return cases.filter((each) => each.from === from).flatMap((each) => translateAll(each, to));
}

function asked(translated: readonly Translated[]): readonly Translated[] {
  return translated.filter(({ refused }) => refused.length === 0);
}

describe.each(pairs)('requests $from → $to', ({ from, to }) => {
  it('are none that the provider would refuse', () => {
    const all = translatedCases(from, to);

    expect(asked(all).flatMap(refusalOf)).toEqual([]);
    expect(asked(all).length).toBeGreaterThan(all.length * 0.6);
  });

  it('are none that the provider would refuse, whatever is asked', () => {
    const own = TARGETS[from][0] ?? { provider: 'openai', model: 'gpt-4o' };

    fc.assert(
      fc.property(anyRequest(), (generated) => {
        const { body } = codecs[from].write(generated, own, new Losses());
        const told = JSON.parse(JSON.stringify(body));
        const translated = translateAll({ name: 'generated', from, body: told }, to);

        expect(asked(translated).flatMap(refusalOf)).toEqual([]);
      }),
      { numRuns: 300, seed: 8 },
    );
  });

  it('are taken over HTTP from the SDK', async () => {
    await using provider = await startFakeProvider({ strict: true });
    const target = TARGETS[to][1]?.model;
    const sample = asked(translatedCases(from, to, writtenCases)).filter(
      (each) => each.target.model === target,
    );

    for (const translated of sample) await send(provider, translated);

    expect(provider.requests.length).toBe(sample.length);
    expect(sample.length).toBeGreaterThan(15);
  });
});

/** Sends a request as it is, with its dialect's own SDK. Throws where it is refused. */
async function send(provider: FakeProvider, { to, body, name }: Translated): Promise<void> {
  const own = { apiKey: 'test', maxRetries: 0, logLevel: 'off' as const };
  const openai = new OpenAI({ ...own, baseURL: provider.baseURL });
  const anthropic = new Anthropic({ ...own, baseURL: provider.anthropicBaseURL });
  // That these bodies are what the SDK takes is checked by the compiler in `request-types.test.ts`.
  const params = { ...body, stream: false } as never;
  const answer =
    to === 'openai-chat'
      ? openai.chat.completions.create({
          ...(params as object),
          stream_options: undefined,
        } as never)
      : to === 'openai-responses'
        ? openai.responses.create(params)
        : anthropic.messages.create(params);
  await expect(answer, name).resolves.toBeDefined();
}

/** What is refused in each dialect, and in which requests. */
function refusedIn(cases: readonly WrittenCase[]): Readonly<Record<string, readonly string[]>> {
  const found = pairs
    .flatMap(({ from, to }) => translatedCases(from, to, cases))
    .flatMap(({ to, refused, name }) => refused.map((loss) => [`${to}: ${loss}`, name] as const));
  const grouped = Map.groupBy(found, ([key]) => key);
  return Object.fromEntries(
    Array.from(grouped, ([key, all]) => [key, [...new Set(all.map(([, name]) => name))]]),
  );
}

describe('requests that no target is asked', () => {
  it('are those that would mean something else', () => {
    expect(refusedIn(writtenCases)).toEqual({
      'anthropic-messages: audio': ['sound'],
      'anthropic-messages: images': ['images and files'],
      'anthropic-messages: prefill': ['an answer begun'],
      'anthropic-messages: tool_call': ['a call without its result'],
      'anthropic-messages: tool_name': ['a tool of dots'],
      'anthropic-messages: tool_result': ['a result without its call'],
      'openai-chat: documents': ['images and files', 'images and documents'],
      'openai-chat: tool_name': ['a long name'],
      'openai-responses: audio': ['sound'],
      'openai-responses: tool_call': ['a call without its result'],
      'openai-responses: tool_name': ['a tool of dots', 'a long name'],
      'openai-responses: tool_result': ['a result without its call'],
    });
  });

  it.runIf(recordedCases.length > 0)('hold, where recorded, what only their provider has', () => {
    const names = Object.keys(refusedIn(recordedCases)).map((key) => key.replace(/.*: /, ''));

    expect([...new Set(names)].sort()).toEqual([
      'audio',
      'background',
      'compaction',
      'container',
      'content',
      'context_management',
      'file_id',
      'hosted_tools',
      'mcp_servers',
      'modalities',
      'previous_response_id',
      'prompt',
      'tool_result',
    ]);
  });
});
