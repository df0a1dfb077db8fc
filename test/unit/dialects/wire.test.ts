import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createWriter } from '../../../src/dialects/create-writer.js';
import { failureFromErrorBody } from '../../../src/dialects/failures.js';
import { recogniseOperation } from '../../../src/dialects/recognise.js';
import { comparable } from './support/comparable.js';
import { read, readFacts, spell } from './support/read.js';
import { shownBySdk } from './support/sdk.js';
import { failureSummary, summaryOf } from './support/summary.js';
import { dialectOf, hasRecordings, recordings } from './support/wire.js';
import { wireSettlements } from './wire-settlements.js';

const exchanges = recordings();
const answered = exchanges.flatMap((exchange) => {
  const dialect = dialectOf(exchange);
  const { status, sse, body } = exchange.response;
  return dialect === undefined || status >= 400 ? [] : [{ id: exchange.id, dialect, sse, body }];
});

describe.skipIf(!hasRecordings)('recorded exchanges', () => {
  it.each(wireSettlements)(
    '$id settles as it was worked out by hand',
    ({ id, passthrough, ...expected }) => {
      const exchange = exchanges.find((candidate) => candidate.id === id);
      const { status, body } = exchange?.response ?? {};
      const dialect = exchange && dialectOf(exchange);

      if (status !== undefined && status >= 400) {
        expect(failureSummary(failureFromErrorBody(status, body))).toEqual(expected.failure);
      } else if (dialect === undefined) expect(passthrough).toBe(true);
      else expect(summaryOf(read(dialect, body).reader)).toEqual(expected);
    },
  );

  it('cover every feature tag with a settlement worked out by hand', () => {
    const checked = new Set(wireSettlements.map(({ id }) => id));
    const tagsOf = (some: typeof exchanges) => new Set(some.flatMap(({ features }) => features));

    const covered = tagsOf(exchanges.filter(({ id }) => checked.has(id)));

    expect([...tagsOf(exchanges)].filter((tag) => !covered.has(tag))).toEqual([]);
  });

  it('are all recognised by their URL', () => {
    const wrong = exchanges.filter((exchange) => {
      const { method, url } = exchange.request ?? {};
      return method && url && recogniseOperation(method, url, {}).dialect !== dialectOf(exchange);
    });

    expect(wrong.map(({ id }) => id)).toEqual([]);
  });

  it('are all settled without a sink as with one', () => {
    const different = answered.filter(({ dialect, body }) => {
      const { reader } = read(dialect, body);
      return !isDeepStrictEqual(readFacts(dialect, body), reader.facts());
    });

    expect(different.map(({ id }) => id)).toEqual([]);
  });

  it.each(answered)(
    '$id is shown by the SDK as it was, read and written',
    async ({ dialect, sse, body }) => {
      const { events } = read(dialect, body);
      const writer = createWriter(dialect);

      const written = sse ? spell(writer.sse(events)) : writer.json(events);

      expect(await shownBySdk(dialect, written)).toEqual(await shownBySdk(dialect, body));
    },
  );

  it.each(answered.filter(isWholeAnswer))(
    '$id settles alike in the other mode',
    ({ dialect, sse, body }) => {
      const { events, reader } = read(dialect, body);
      const writer = createWriter(dialect);

      const other = read(dialect, sse ? writer.json(events) : spell(writer.sse(events))).reader;

      expect(other.failure).toBeUndefined();
      expect(comparable(other.facts())).toEqual(comparable(reader.facts()));
    },
  );
});

/** Whether it could be replayed in the other mode: not embeddings, a cut stream or a response still in the queue. */
function isWholeAnswer({ dialect, body }: (typeof answered)[number]): boolean {
  const { complete, choices } = read(dialect, body).reader.facts();
  return complete && choices.length > 0;
}
