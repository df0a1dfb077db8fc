import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createGateway } from 'zerohop';
import { featureTags } from '../fixtures/wire/feature-tags.js';
import { wireFixtures } from '../fixtures/wire/index.js';
import {
  bodyBytes,
  indexedFeatures,
  loadRecordings,
  recordingsFolder,
  type WireExchange,
} from '../support/wire/exchange.js';
import { improvements } from '../support/wire/improvements.js';
import { type Clients, invoke, rawRequest } from '../support/wire/invoke.js';
import { outcomeOf, type RawOutcome, rawOutcomeOf } from '../support/wire/outcome.js';
import { type ReplayServer, startReplayServer } from '../support/wire/replay-server.js';

const recordings = loadRecordings();
const gateway = createGateway();
/** The reasons of the exceptions made, by the exchange. */
const excepted = new Map<string, string>();

// The SDKs warn of models that have been retired since they were recorded.
beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined));

describe('the fixtures', () => {
  it('cover every feature tag', () => {
    const covered = new Set(wireFixtures.flatMap(({ features }) => features));

    expect(featureTags.filter((tag) => !covered.has(tag))).toEqual([]);
  });

  it.runIf(recordings.length > 0)('know every feature tag of the recordings', () => {
    expect([...featureTags].sort()).toEqual([...indexedFeatures(recordingsFolder)].sort());
  });
});

const replays = [
  { of: 'fixtures', exchanges: wireFixtures },
  { of: 'recordings', exchanges: recordings },
].filter(({ exchanges }) => exchanges.length > 0);

describe.each(replays)('a replay of the $of', ({ exchanges }) => {
  let server: ReplayServer;
  beforeAll(async () => {
    server = await startReplayServer(exchanges);
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const numbered = exchanges.map((exchange, index): [string, WireExchange, number] => [
    exchange.id,
    exchange,
    index,
  ]);
  const streams = numbered.filter(([, { response }]) => response.sse);

  it.each(numbered)(
    '%s: the wrapped client sends and gets what the bare one does',
    async (_id, one, index) => {
      const clients = bareClients(server.urlOf(index));

      const bare = await outcomeOf(() => invoke(clients, one));
      const bareRequest = comparable(server.lastRequest(index));
      const wrapped = await outcomeOf(() => invoke(wrap(clients), one));
      const wrappedRequest = comparable(server.lastRequest(index));

      const improvement = improvements.find(({ applies }) => applies(bare, one));
      if (improvement) excepted.set(one.id, improvement.reason);
      expect(wrapped).toEqual(improvement ? improvement.expected(bare) : bare);
      expect(wrappedRequest).toEqual(bareRequest);
    },
  );

  it.each(streams)('%s: asResponse() passes the bytes on unchanged', async (_id, one, index) => {
    const clients = wrap(bareClients(server.urlOf(index)));

    const raw = await rawOutcomeOf(() => invoke(clients, one).asResponse());

    expectUnchanged(raw, one);
  });

  it.each(streams)('%s: gateway.fetch passes the bytes on unchanged', async (_id, one, index) => {
    const raw = await rawOutcomeOf(() => gateway.fetch(...rawRequest(server.urlOf(index), one)));

    expectUnchanged(raw, one);
  });
});

describe('the exceptions', () => {
  it('are each made for a fixture', () => {
    const reasons = new Set(wireFixtures.map(({ id }) => excepted.get(id)));

    expect(improvements.filter(({ reason }) => !reasons.has(reason))).toEqual([]);
  });

  it.runIf(recordings.length > 0)('are few among the recordings', () => {
    const made = recordings.filter(({ id }) => excepted.has(id)).map(({ id }) => id);

    expect(made.length / recordings.length).toBeLessThan(0.04);
  });
});

function bareClients(url: string): Clients {
  const options = { apiKey: 'test', maxRetries: 0, logLevel: 'off' as const };
  return {
    openai: new OpenAI({ ...options, baseURL: `${url}/v1` }),
    anthropic: new Anthropic({ ...options, baseURL: url }),
  };
}

function wrap({ openai, anthropic }: Clients): Clients {
  return { openai: gateway.wrap(openai), anthropic: gateway.wrap(anthropic) };
}

/** Set by the fetch standard for browsers' sake, or by us, to make a repetition safe. */
const OWN_HEADERS = ['accept-language', 'sec-fetch-mode', 'idempotency-key'];

/** What must be the same in both requests; the framing of a form cannot be. */
function comparable(request: ReturnType<ReplayServer['lastRequest']>): unknown {
  if (request === undefined) return undefined;
  const isForm = String(request.headers['content-type']).startsWith('multipart/');
  const ignored = isForm ? [...OWN_HEADERS, 'content-type', 'content-length'] : OWN_HEADERS;
  const headers = Object.entries(request.headers).filter(([name]) => !ignored.includes(name));
  return {
    ...request,
    headers: Object.fromEntries(headers),
    body: isForm ? undefined : request.body,
  };
}

/** All of the body; or, where it holds an error or has no end, the part before that and then an error. */
function expectUnchanged({ bytes, error }: RawOutcome, exchange: WireExchange): void {
  const sent = bodyBytes(exchange);
  if (error === undefined && !exchange.features.includes('error.mid_stream')) {
    expect(bytes.equals(sent)).toBe(true);
    return;
  }
  expect(exchange.features).toEqual(
    expect.arrayContaining([expect.stringMatching(/^(?:error\.mid_stream|sse\.no_done)$/)]),
  );
  const passed = error === undefined ? withoutErrorEvent(bytes.toString(), sent) : bytes;
  expect(passed.equals(sent.subarray(0, passed.byteLength))).toBe(true);
}

/** What comes before the last event, which must be the error that was sent, if not in its bytes. */
function withoutErrorEvent(text: string, sent: Buffer): Buffer {
  const before = text.lastIndexOf('\n\n', text.length - 3);
  const start = before < 0 ? 0 : before + 2;
  const data = /^data: (.*)$/m.exec(text.slice(start))?.[1] ?? 'null';
  const { message } = Object(Object(JSON.parse(data)).error);
  expect(message).toEqual(expect.any(String));
  expect(sent.toString()).toContain(JSON.stringify(message).slice(1, -1));
  return Buffer.from(text.slice(0, start));
}
