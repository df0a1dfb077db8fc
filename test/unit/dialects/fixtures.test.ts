import { describe, expect, it } from 'vitest';
import { createWriter } from '../../../src/dialects/create-writer.js';
import { errorShapes } from '../../fixtures/dialects/error-shapes.js';
import { fixtures } from '../../fixtures/dialects/index.js';
import { comparable } from './support/comparable.js';
import { read, readFacts, spell } from './support/read.js';
import { shownBySdk } from './support/sdk.js';
import { summaryOf } from './support/summary.js';
import { hasRecordings, recordings } from './support/wire.js';

/** Tags of requests, headers and APIs that are passed through: nothing a reader could see. */
const NOT_READ = /^(req|hdr|mod)\./;

describe('responses of every kind', () => {
  it.each(fixtures)('$dialect: $title', ({ title: _, tags: __, dialect, body, ...expected }) => {
    const { reader } = read(dialect, body);

    expect(summaryOf(reader)).toEqual(expected);
    expect(readFacts(dialect, body)).toEqual(reader.facts());
  });

  it.each(fixtures)('$dialect: $title — is written as it was read', async ({ dialect, body }) => {
    const { events } = read(dialect, body);
    const writer = createWriter(dialect);

    const written = typeof body === 'string' ? spell(writer.sse(events)) : writer.json(events);

    expect(await shownBySdk(dialect, written)).toEqual(await shownBySdk(dialect, body));
  });

  it.each(fixtures.filter(({ complete, choices }) => complete && choices && choices.length > 0))(
    '$dialect: $title — settles alike in the other mode',
    ({ dialect, body }) => {
      const { events, reader } = read(dialect, body);
      const writer = createWriter(dialect);
      const other = typeof body === 'string' ? writer.json(events) : spell(writer.sse(events));

      expect(comparable(read(dialect, other).reader.facts())).toEqual(comparable(reader.facts()));
    },
  );

  it.skipIf(!hasRecordings)('show every feature tag of the recordings', () => {
    const shown = new Set([...fixtures, ...errorShapes].flatMap(({ tags }) => tags));
    const recorded = new Set(recordings().flatMap(({ features }) => features));

    expect([...recorded].filter((tag) => !NOT_READ.test(tag) && !shown.has(tag))).toEqual([]);
  });
});
