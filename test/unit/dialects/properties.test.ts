import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixtures } from '../../fixtures/dialects/index.js';
import { cutUp, singly } from './support/pieces.js';
import { decode, read, readPieces } from './support/read.js';
import { dialectOf, recordings } from './support/wire.js';

const recorded = recordings().flatMap((exchange) => {
  const { sse, body } = exchange.response;
  const dialect = dialectOf(exchange);
  return dialect !== undefined && sse && typeof body === 'string' && body.length < 30_000
    ? [{ dialect, body }]
    : [];
});
const own = fixtures.flatMap(({ dialect, body }) =>
  typeof body === 'string' ? [{ dialect, body }] : [],
);

/** The same stream, spelled with other line ends. */
const lineEnds = fc.constantFrom('\n', '\r\n', '\r');

describe('a stream cut anywhere', () => {
  it('says the same, settles the same and loses no byte', () => {
    const stream = fc
      .tuple(fc.constantFrom(...own, ...recorded), lineEnds)
      .map(([{ dialect, body }, end]) => ({
        dialect,
        bytes: Buffer.from(body.replaceAll('\r\n', '\n').replaceAll('\n', end)),
      }));
    const cut = stream.chain(({ dialect, bytes }) =>
      fc.record({ dialect: fc.constant(dialect), bytes: fc.constant(bytes), pieces: cutUp(bytes) }),
    );

    fc.assert(
      fc.property(cut, ({ dialect, bytes, pieces }) => {
        const whole = readPieces(dialect, [bytes]);
        const parts = readPieces(dialect, pieces);

        expect(parts.events).toEqual(whole.events);
        expect(parts.weights).toEqual(whole.weights);
        expect(parts.reader.facts()).toEqual(whole.reader.facts());
        expect(parts.reader.failure).toEqual(whole.reader.failure);
        expect(Buffer.concat(decode(pieces).map(({ raw }) => raw)).equals(bytes)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it.each(own)('into single bytes says the same ($dialect)', ({ dialect, body }) => {
    const parts = readPieces(dialect, singly(Buffer.from(body)));

    expect(parts.events).toEqual(read(dialect, body).events);
    expect(parts.reader.facts()).toEqual(read(dialect, body).reader.facts());
  });

  it('reads any JSON at all without throwing', () => {
    const dialect = fc.constantFrom(...fixtures.map((fixture) => fixture.dialect));

    fc.assert(
      fc.property(dialect, fc.array(fc.tuple(fc.string(), fc.jsonValue())), (name, events) => {
        const { reader } = read(name, '');
        for (const [event, data] of events) reader.readEvent(event, data);
        reader.facts();
      }),
    );
  });

  it('reads damaged events without throwing', () => {
    const events = own.flatMap(({ dialect, body }) =>
      decode([Buffer.from(body)]).flatMap(({ event, data }) =>
        data === null || data === '[DONE]' ? [] : [{ dialect, event, data }],
      ),
    );
    const rubbish = fc.oneof(
      fc.constant(null),
      fc.integer(),
      fc.string(),
      fc.constant([]),
      fc.constant({}),
    );

    fc.assert(
      fc.property(
        fc.constantFrom(...events),
        fc.nat(),
        rubbish,
        ({ dialect, event, data }, at, junk) => {
          let seen = 0;
          const places = data.split(/[,:[{]/).length;
          const damaged: unknown = JSON.parse(data, (_, value: unknown) => {
            seen += 1;
            return seen === 1 + (at % places) ? junk : value;
          });
          const { reader } = read(dialect, '');

          expect(['silent', 'content', 'terminal', 'error']).toContain(
            reader.readEvent(event, damaged),
          );
          expect(reader.readBody(damaged)).toMatch(/terminal|error/);
          reader.facts();
        },
      ),
      { numRuns: 2_000 },
    );
  });
});
