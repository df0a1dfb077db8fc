import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import {
  type CacheEntry,
  keptHeaders,
  makeEntry,
  type StoredEvent,
} from '../../../src/cache/cache-entry.js';
import { replayEntry, replayFacts } from '../../../src/cache/replay.js';
import { unstorableAnswer, unstorableRequest } from '../../../src/cache/storable.js';
import type { DialectName } from '../../../src/dialects/dialect.js';
import { spell } from '../../../src/dialects/json.js';
import { readEvents } from '../../../src/dialects/read-events.js';
import type { StreamEvent } from '../../../src/pipeline/event-source.js';
import type { Operation } from '../../../src/pipeline/settlement.js';
import { hideUsage } from '../../../src/routing/stream-usage.js';
import { wireFixtures } from '../../fixtures/wire/index.js';
import { loadRecordings, type WireApi, type WireExchange } from '../../support/wire/exchange.js';
import { type Clients, invoke, requestBody } from '../../support/wire/invoke.js';
import { outcomeOf } from '../../support/wire/outcome.js';
import { comparable } from '../../unit/dialects/support/comparable.js';
import { decode } from '../../unit/dialects/support/read.js';

const DIALECTS: Partial<Record<WireApi, readonly [DialectName, Operation]>> = {
  'openai.chat': ['openai-chat', 'chat'],
  'openai.responses': ['openai-responses', 'responses'],
  'anthropic.messages': ['anthropic-messages', 'messages'],
  'openai.completions': ['openai-completions', 'completions'],
  'openai.embeddings': ['openai-embeddings', 'embeddings'],
};

/** An exchange whose answer is whole, and what would be stored of it. */
interface Answer {
  readonly id: string;
  readonly exchange: WireExchange;
  readonly entry: CacheEntry;
  /** Whether it would be stored; the others are replayed as well, for whoever allows them. */
  readonly isStored: boolean;
}

const recordings = loadRecordings();
const answers = [...wireFixtures, ...recordings].flatMap(answerOf);
const bodies = answers.filter(({ entry }) => entry.form === 'body');
const streams = answers.filter(({ entry }) => entry.form === 'events');

function answerOf(exchange: WireExchange): readonly Answer[] {
  const [dialect, operation] = DIALECTS[exchange.api] ?? [];
  if (dialect === undefined || operation === undefined || exchange.response.status >= 400)
    return [];
  const entry = entryOf(exchange, dialect);
  const facts = replayFacts(entry);
  const isWhole = facts.complete && (operation === 'embeddings' || facts.choices.length > 0);
  const isStored =
    unstorableRequest({ operation, body: requestBody(exchange) }) === undefined &&
    unstorableAnswer(facts, exchange.response.status, operation) === undefined;
  return isWhole ? [{ id: exchange.id, exchange, entry, isStored }] : [];
}

function entryOf(exchange: WireExchange, dialect: DialectName): CacheEntry {
  const { status, body, headers, sse } = exchange.response;
  // Some sources kept no headers.
  const contentType = sse ? 'text/event-stream' : 'application/json';
  const common = {
    key: exchange.id,
    dialect,
    usageAsked: isUsageAsked(requestBody(exchange)),
    status,
    headers: keptHeaders(new Headers({ 'content-type': contentType, ...headers })),
    storedAt: 0,
    ttlMs: 1,
    producer: { target: 'primary', provider: exchange.provider },
    saved: {},
  };
  if (!sse) return makeEntry({ ...common, form: 'body', text: spell(body) });
  const frames = decode([Buffer.from(String(body))]);
  const events = frames.flatMap(({ event, data }) => (data ? [[event, data] as const] : []));
  return makeEntry({ ...common, form: 'events', events });
}

function isUsageAsked({ stream_options: options }: Record<string, unknown>): boolean {
  return typeof options === 'object' && options !== null && 'include_usage' in options;
}

/** A copy of an SDK, and how its own helpers put a stream together. */
interface Sdk {
  readonly name: string;
  readonly apis: readonly WireApi[];
  readonly clients: (respond: () => Response) => Clients;
  readonly accumulate: Partial<Record<WireApi, (clients: Clients) => Promise<unknown>>>;
}

const input = { model: 'm', messages: [] };

const openaiHelpers: Sdk['accumulate'] = {
  'openai.chat': ({ openai }) =>
    openai.chat.completions
      .stream({ ...input, stream_options: { include_usage: true } })
      .finalChatCompletion(),
  'openai.responses': ({ openai }) =>
    openai.responses.stream({ model: 'm', input: '' }).finalResponse(),
};

const openaiApis: readonly WireApi[] = [
  'openai.chat',
  'openai.responses',
  'openai.completions',
  'openai.embeddings',
];

const sdks: readonly Sdk[] = [
  { name: 'openai 7', apis: openaiApis, clients: over(OpenAI), accumulate: openaiHelpers },
  {
    name: 'openai 6',
    apis: openaiApis,
    // What is used of them is the same in both majors.
    clients: over(OpenAI6 as unknown as typeof OpenAI),
    accumulate: openaiHelpers,
  },
  {
    name: 'anthropic',
    apis: ['anthropic.messages'],
    clients: over(OpenAI),
    accumulate: {
      'anthropic.messages': ({ anthropic }) =>
        anthropic.messages.stream({ ...input, max_tokens: 1 }).finalMessage(),
    },
  },
  {
    name: 'anthropic beta',
    apis: [],
    clients: over(OpenAI),
    accumulate: {
      'anthropic.messages': ({ anthropic }) =>
        anthropic.beta.messages.stream({ ...input, max_tokens: 1 }).finalMessage(),
    },
  },
];

function over(SomeOpenAI: typeof OpenAI): Sdk['clients'] {
  return (respond) => {
    const fetch = () => Promise.resolve(respond());
    const options = { apiKey: 'test', maxRetries: 0, logLevel: 'off', fetch } as const;
    return { openai: new SomeOpenAI(options), anthropic: new Anthropic(options) };
  };
}

/** The recorded bytes, as `fetch` would have given them. */
function recorded({ exchange, entry }: Answer): Response {
  const { body, status } = exchange.response;
  const headers = entry.headers.map(([name, value]): [string, string] => [name, value]);
  return new Response(typeof body === 'string' ? body : entry.text, { status, headers });
}

function pairs(some: readonly Answer[], does: (sdk: Sdk, answer: Answer) => boolean) {
  return some.flatMap((answer) =>
    sdks
      .filter((sdk) => does(sdk, answer))
      .map((sdk) => ({ id: answer.id, name: sdk.name, sdk, answer })),
  );
}

const canAccumulate = ({ accumulate }: Sdk, { exchange }: Answer) => exchange.api in accumulate;

/** How many were compared, by direction and SDK. */
const compared = new Map<string, Answer[]>();

function count(direction: string, answer: Answer): void {
  compared.set(direction, [...(compared.get(direction) ?? []), answer]);
}

afterAll(() => {
  for (const [direction, all] of [...compared].sort()) {
    const recorded = all.filter(({ exchange }) => recordings.includes(exchange));
    const kept = recorded.filter(({ isStored }) => isStored);
    console.info(
      `${direction}: ${all.length} compared, ${recorded.length} of them recordings, ${kept.length} of those cacheable`,
    );
  }
});

// The SDKs warn of models that have been retired since they were recorded.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined));

describe('a hit in the mode it was stored in', () => {
  it.each(pairs(answers, ({ apis }, { exchange }) => apis.includes(exchange.api)))(
    '$id: $name gives what it gave for the answer itself',
    async ({ sdk, answer }) => {
      const { exchange, entry } = answer;
      const direct = await outcomeOf(() =>
        invoke(
          sdk.clients(() => recorded(answer)),
          exchange,
        ),
      );

      const wish = { stream: exchange.response.sse, wantsUsage: entry.usageAsked };
      const hit = await outcomeOf(() =>
        invoke(
          sdk.clients(() => replayEntry(entry, wish)),
          exchange,
        ),
      );

      expect(direct.error).toBeUndefined();
      expect({ ...hit, headers: undefined }).toStrictEqual({ ...direct, headers: undefined });
      count(`${entry.form} → ${entry.form}, ${sdk.name}`, answer);
    },
  );

  it.each(streams)('$id: hides usage that was not asked for, as a stream does', async (answer) => {
    const entry = makeEntry({ ...answer.entry, usageAsked: true });

    const shown = await eventsOf(replayEntry(entry, { stream: true, wantsUsage: true }));
    const hidden = await eventsOf(replayEntry(entry, { stream: true, wantsUsage: false }));

    const asStreamed = shown.flatMap((event) => hideUsage(event) ?? []);
    expect(hidden.map(parsed)).toStrictEqual(asStreamed.map(parsed));
  });
});

async function eventsOf(response: Response): Promise<readonly StreamEvent[]> {
  const events = readEvents(response);
  const all: StreamEvent[] = [];
  for (let batch = await events.pull(); batch !== null; batch = await events.pull()) {
    all.push(...batch);
  }
  return all;
}

function parsed({ event, data, json }: StreamEvent): unknown {
  return { event, json, data: json === undefined ? data : JSON.parse(data ?? '') };
}

describe('a stream made from a body', () => {
  it.each(pairs(bodies, canAccumulate))(
    '$id: the helper of $name puts the same answer together',
    async ({ sdk, answer }) => {
      const { exchange, entry } = answer;
      const direct = await invoke(
        sdk.clients(() => recorded(answer)),
        exchange,
      );

      const hit = await accumulate(sdk, answer, () =>
        replayEntry(entry, { stream: true, wantsUsage: true }),
      ).catch((error: unknown) => ({ '<thrown>': String(error) }));

      expect(unexplained('body → stream', sdk, [direct, hit])).toEqual([]);
      count(`body → stream, ${sdk.name}`, answer);
    },
  );
});

/** Streams that an SDK's helper cannot read, straight from the provider. */
const unreadable: string[] = [];

describe('a body made from a stream', () => {
  it.each(pairs(streams, canAccumulate))(
    '$id: is what the helper of $name makes of the stream',
    async ({ sdk, answer, id }) => {
      const { exchange, entry } = answer;
      const direct = await accumulate(sdk, answer, () => recorded(answer)).catch(() => undefined);
      if (direct === undefined) return void unreadable.push(id);

      const hit = await invoke(
        sdk.clients(() => replayEntry(entry, { stream: false, wantsUsage: true })),
        { ...exchange, stream: false, request: null },
      );

      expect(unexplained('stream → body', sdk, [direct, hit])).toEqual([]);
      count(`stream → body, ${sdk.name}`, answer);
    },
  );

  it.runIf(recordings.length > 0)('is compared for nearly all of them', () => {
    expect(unreadable.length / pairs(streams, canAccumulate).length).toBeLessThan(0.07);
  });
});

describe('a hit in the other mode', () => {
  const turned = answers.filter(({ exchange }) => exchange.api !== 'openai.embeddings');

  it.each(turned)('$id: says what the answer itself says', async (answer) => {
    const { entry } = answer;
    const hit = replayEntry(entry, { stream: entry.form === 'body', wantsUsage: true });

    const { text: _, events: __, ...common } = entry;
    const again =
      entry.form === 'body'
        ? makeEntry({ ...common, form: 'events', events: (await eventsOf(hit)).map(stored) })
        : makeEntry({ ...common, form: 'body', text: await hit.text() });

    expect(comparable(replayFacts(again))).toEqual(comparable(replayFacts(entry)));
    count(`${entry.form} → ${again.form}, what it says`, answer);
  });
});

function stored({ event, data }: StreamEvent): StoredEvent {
  return [event, data ?? ''];
}

function accumulate(sdk: Sdk, { exchange }: Answer, respond: () => Response): Promise<unknown> {
  const helper = sdk.accumulate[exchange.api];
  if (helper === undefined) throw new Error('There is no helper for this API.');
  return helper(sdk.clients(respond));
}

type Direction = 'body → stream' | 'stream → body';

/** A place where two answers differ. */
interface Difference {
  /** Where it stands, its steps joined by dots. */
  readonly path: string;
  readonly direct: unknown;
  readonly hit: unknown;
}

/** A difference that one of the two forms cannot help. */
interface Inherent {
  readonly reason: string;
  readonly direction?: Direction;
  /** The SDK that cannot, where another can. */
  readonly sdk?: string;
  readonly path: RegExp;
  readonly applies?: (direct: unknown, hit: unknown) => boolean;
}

const isAbsent = (value: unknown) => value === undefined;
const isNothing = (value: unknown) => value === null || value === '';

/** Every difference that may be. The first that applies counts. */
const INHERENT: readonly Inherent[] = [
  {
    reason: 'the helper, and our chunks for it, have null where an answer leaves a member out',
    direction: 'body → stream',
    path: /^choices\.\d+\.(?:logprobs|message\.(?:refusal|content))$/,
    applies: (direct, hit) => isAbsent(direct) && hit === null,
  },
  {
    reason: 'the helper leaves out a member that has nothing in it',
    path: /^(?:system_fingerprint|choices\.\d+\.message\.(?:audio|function_call|tool_calls))$/,
    applies: (direct, hit) =>
      (isNothing(direct) && isAbsent(hit)) || (isAbsent(direct) && isNothing(hit)),
  },
  {
    reason: 'the helper keeps nothing else beside a function_call',
    direction: 'body → stream',
    path: /^choices\.\d+\.message\.annotations$/,
    applies: (direct, hit) => Array.isArray(direct) && direct.length === 0 && isAbsent(hit),
  },
  {
    reason: 'the helper spells a list of parts (Mistral) as a text',
    path: /^choices\.\d+\.message\.content$/,
    applies: (direct, hit) =>
      (Array.isArray(direct) && /^(?:\[object Object\],?)+/.test(String(hit))) ||
      (/^(?:\[object Object\])+/.test(String(direct)) && Array.isArray(hit)),
  },
  {
    reason: 'the index of a call tells the pieces of a stream apart, and is no member of the call',
    direction: 'body → stream',
    path: /^choices\.\d+\.message\.tool_calls\.\d+\.index$/,
    applies: (direct, hit) => typeof direct === 'number' && isAbsent(hit),
  },
  {
    reason: 'Perplexity puts an empty delta beside the message; in a chunk that is what is said',
    direction: 'body → stream',
    path: /^choices\.\d+\.delta$/,
    applies: (_, hit) => isAbsent(hit),
  },
  {
    reason: 'a choice that Azure filtered has no message; a chunk has to have a delta',
    direction: 'body → stream',
    path: /^choices\.\d+\.message$/,
    applies: (direct) => isAbsent(direct),
  },
  {
    reason: 'the helper keeps the last piece of words it does not know, and not the whole',
    direction: 'stream → body',
    path: /^choices\.\d+\.message\.(?:reasoning|reasoning_content|reasoning_details\.\d+\.text)$/,
    applies: (direct, hit) =>
      typeof hit === 'string' && (direct === null || hit.endsWith(String(direct))),
  },
  {
    reason: 'the helper keeps the last piece of lists it does not know, and not the whole',
    direction: 'stream → body',
    path: /^choices\.\d+\.message\.(?:reasoning_details|annotations|executed_tools)\./,
  },
  {
    reason: 'the helper keeps the padding of the last chunk',
    direction: 'stream → body',
    path: /^(?:obfuscation|p)$/,
    applies: (_, hit) => isAbsent(hit),
  },
  {
    reason: 'where Groq says its usage apart from `usage`, the helper leaves it there',
    direction: 'stream → body',
    path: /^usage$/,
    applies: (direct, hit) => isAbsent(direct) && typeof hit === 'object',
  },
  {
    reason: 'openai 6 has null for a content that is empty',
    sdk: 'openai 6',
    path: /^choices\.\d+\.message\.content$/,
    applies: (direct, hit) => (direct === '' && hit === null) || (direct === null && hit === ''),
  },
  {
    reason: 'openai 6 loses calls that come without an index, or all under -1',
    direction: 'stream → body',
    sdk: 'openai 6',
    path: /^choices\.\d+\.message\.tool_calls\.\d+$/,
    applies: (direct) => isAbsent(direct),
  },
  {
    reason: 'openai 6 cannot stream custom tools',
    direction: 'body → stream',
    sdk: 'openai 6',
    path: /^<thrown>$/,
    applies: (_, hit) => /missing choices\[0\]\.tool_calls\[0\]\.function\.name/.test(String(hit)),
  },
  {
    reason: 'Snowflake has an empty function_call in every message, which the helper refuses',
    direction: 'body → stream',
    path: /^<thrown>$/,
    applies: (_, hit) => /missing function_call\.name/.test(String(hit)),
  },
  {
    reason: 'xAI gives two items one id, which openai 7 refuses in a stream',
    direction: 'body → stream',
    sdk: 'openai 7',
    path: /^<thrown>$/,
    applies: (_, hit) => /duplicate output item identity/.test(String(hit)),
  },
  {
    reason:
      'OpenRouter streams an empty output_text, which the helper keeps; create() makes its own',
    direction: 'stream → body',
    path: /^output_text$/,
    applies: (direct) => direct === '',
  },
  {
    reason: 'the helper has no stop_sequence where the stream has none; a message has null',
    direction: 'stream → body',
    path: /^stop_sequence$/,
    applies: (direct, hit) => isAbsent(direct) && hit === null,
  },
  {
    reason: 'our fixture of a fallback does not say which models it lies between',
    direction: 'body → stream',
    sdk: 'anthropic beta',
    path: /^<thrown>$/,
    applies: (_, hit) => /reading 'model'/.test(String(hit)),
  },
  {
    reason: 'only the helper of the beta takes the model from a fallback block',
    direction: 'stream → body',
    sdk: 'anthropic',
    path: /^model$/,
    applies: (direct) => direct === 'claude-fable-5',
  },
  {
    reason: 'the helper outside the beta does not know the input of an MCP call',
    sdk: 'anthropic',
    path: /^content\.\d+\.input\.\w+$/,
  },
  {
    reason: 'the helper outside the beta does not know compactions, context edits and iterations',
    sdk: 'anthropic',
    path: /^(?:context_management|usage\.iterations|content\.\d+\.content)$/,
    applies: (direct, hit) => isAbsent(hit) || direct === null || isAbsent(direct),
  },
];

const applied = new Set<Inherent>();

/** The differences between a direct answer and a hit that nothing in {@link INHERENT} explains. */
function unexplained(
  direction: Direction,
  sdk: Sdk,
  [direct, hit]: readonly [unknown, unknown],
): readonly Difference[] {
  const found: Difference[] = [];
  const thrown: unknown = Reflect.get(Object(hit), '<thrown>');
  if (thrown !== undefined) found.push({ path: '<thrown>', direct: undefined, hit: thrown });
  else collect(found, '', [withoutParsed(direct), withoutParsed(hit)]);
  return found.filter((difference) => {
    const inherent = INHERENT.find(
      (candidate) =>
        (candidate.direction ?? direction) === direction &&
        (candidate.sdk ?? sdk.name) === sdk.name &&
        candidate.path.test(difference.path) &&
        (candidate.applies?.(difference.direct, difference.hit) ?? true),
    );
    if (inherent) applied.add(inherent);
    return inherent === undefined;
  });
}

/** What the helpers add, with nothing to parse: not the provider's. */
const PARSED = new Set(['parsed', 'parsed_arguments', 'output_parsed', 'parsed_output']);

function withoutParsed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutParsed);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(
    ([name, member]) => member !== undefined && !(PARSED.has(name) && member === null),
  );
  return Object.fromEntries(members.map(([name, member]) => [name, withoutParsed(member)]));
}

function collect(
  found: Difference[],
  path: string,
  [direct, hit]: readonly [unknown, unknown],
): void {
  if (Object.is(direct, hit)) return;
  if (!isTree(direct) || !isTree(hit) || Array.isArray(direct) !== Array.isArray(hit)) {
    found.push({ path, direct, hit });
    return;
  }
  for (const name of new Set([...Object.keys(direct), ...Object.keys(hit)])) {
    const at = path === '' ? name : `${path}.${name}`;
    collect(found, at, [Reflect.get(direct, name), Reflect.get(hit, name)]);
  }
}

function isTree(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

describe('the inherent differences', () => {
  it.runIf(recordings.length > 0)('are each seen', () => {
    const unseen = INHERENT.filter((inherent) => !applied.has(inherent));

    expect(unseen.map(({ reason }) => reason)).toEqual([]);
  });
});
