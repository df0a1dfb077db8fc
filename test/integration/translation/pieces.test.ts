import { beforeEach, describe, expect, it, vi } from 'vitest';
import { isTranslated } from '../../../src/dialects/translation/translate-request.js';
import { wireFixtures } from '../../fixtures/wire/index.js';
import { bodyBytes, loadRecordings } from '../../support/wire/exchange.js';
import { readFacts } from '../../unit/dialects/support/read.js';
import { dialectOf } from '../../unit/dialects/support/wire.js';
import { seeded } from '../routing/support/seeded.js';
import { callers, routeTo } from './support.js';

/** Bytes one by one are as many reads. */
const MAX_BYTES = 12_000;

beforeEach(() => void vi.spyOn(console, 'warn').mockImplementation(() => undefined));

const streams = [...wireFixtures, ...loadRecordings()].flatMap((exchange) => {
  const dialect = dialectOf(exchange);
  const { status, sse, body } = exchange.response;
  if (dialect === undefined || !isTranslated(dialect) || status >= 400 || !sse) return [];
  return readFacts(dialect, body).complete ? [{ id: exchange.id, dialect, exchange }] : [];
});

const once = callers.filter(({ name }) => !name.includes('openai 6'));

describe.each(once)('a stream that comes in pieces to a caller of $name', (caller) => {
  it.each(streams.filter(({ dialect }) => dialect !== caller.dialect))(
    '$id is told in the same events',
    async ({ id, dialect, exchange }) => {
      const bytes = new Uint8Array(bodyBytes(exchange));
      const eventsOf = async (pieces: readonly Uint8Array[]) =>
        collect(await caller.events(routeTo(dialect, () => Promise.resolve(responseOf(pieces)))));
      const random = seeded(id.length);

      const whole = await eventsOf([bytes]);

      expect(whole.length).toBeGreaterThan(0);
      expect(await eventsOf(cut(bytes, () => 1 + Math.floor(random() * 200)))).toEqual(whole);
      if (bytes.length < MAX_BYTES) expect(await eventsOf(cut(bytes, () => 1))).toEqual(whole);
    },
  );
});

function responseOf(pieces: readonly Uint8Array[]): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } });
}

function cut(bytes: Uint8Array, size: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + size());
    pieces.push(bytes.slice(from, to));
    from = to;
  }
  return pieces;
}

/** All events of a stream, without the times that are made up for each. */
async function collect(stream: AsyncIterable<object>): Promise<readonly unknown[]> {
  const events: unknown[] = [];
  for await (const event of stream) events.push(steady(event));
  return events;
}

const MADE_UP = /[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}/g;
const TIMES: ReadonlySet<string> = new Set(['created', 'created_at', 'completed_at']);

function steady(event: object): unknown {
  return JSON.parse(
    JSON.stringify(event, (key, value: unknown) => (TIMES.has(key) ? 0 : value)).replace(
      MADE_UP,
      'id',
    ),
  );
}
