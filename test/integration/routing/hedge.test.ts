import { describe, expect, it } from 'vitest';
import { attemptsOf, fallback } from 'zerohop';
import type { Replier } from 'zerohop/testing';
import {
  always,
  DELAY_MS,
  type HedgeSetUp,
  held,
  inFlight,
  setUp,
  tried,
  useProviders,
} from './support/hedging.js';
import { ways } from './support/ways.js';

const providers = useProviders();

interface Stall {
  readonly name: string;
  readonly reply: Replier;
  /** Where it makes sense; everywhere if absent. */
  readonly isStream?: boolean;
}

const stalls: readonly Stall[] = [
  { name: 'does not answer', reply: { fault: 'hang' } },
  { name: 'says nothing after its headers', reply: { fault: 'hang;after=headers' } },
  { name: 'stops in its body', reply: { fault: 'hang;bytes=20' }, isStream: false },
  { name: 'sends one event without content', reply: { fault: 'hang;after=1' }, isStream: true },
];

describe.each(ways)('a hedge: $name', (way) => {
  const { isStream } = way;

  it.each(stalls.filter((stall) => stall.isStream !== !isStream))(
    'is answered by the second where the first $name',
    async ({ reply }) => {
      providers.first.enqueue(reply);
      const { askSlowly, rows, gateway } = setUp(way, providers);

      expect(await askSlowly()).toMatchObject({ text: 'second', target: 'second', attempts: '2' });
      expect(await providers.first.requests[0]?.settled).toBe('client-closed');
      expect(rows.map(tried)).toEqual([['first: aborted hedge_lost', 'second: answered']]);
      expect(inFlight(gateway)).toEqual([0, 0]);
    },
  );

  it('is answered by the first where that is quicker after all', async () => {
    const slow = held({ text: 'first' });
    providers.first.enqueue(slow.reply);
    providers.second.enqueue({ fault: isStream ? 'hang;after=1' : 'hang;after=headers' });
    const { ask, clock, rows, gateway } = setUp(way, providers);
    const asking = ask();
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    await providers.second.waitForRequest();
    slow.release();

    expect(await asking).toMatchObject({ text: 'first', attempts: '2' });
    expect((await asking).target).toContain(new URL(providers.first.url).host);
    expect(await providers.second.requests[0]?.settled).toBe('client-closed');
    expect(rows.map(tried)).toEqual([['first: answered', 'second: aborted hedge_lost']]);
    expect(inFlight(gateway)).toEqual([0, 0]);
  });

  it('asks nobody else where the first answers in time', async () => {
    const { ask, clock, rows } = setUp(way, providers);

    expect(await ask()).toMatchObject({ text: 'first', attempts: '1' });
    clock.advance(DELAY_MS * 10);
    expect(await ask()).toMatchObject({ text: 'first' });
    expect(providers.second.requests).toHaveLength(0);
    expect(rows.flatMap(({ decisions }) => decisions.map(({ kind }) => kind))).not.toContain(
      'hedge',
    );
  });

  it.each([
    ['a 503', { status: 503 }],
    ['a reset', { fault: 'reset' }],
  ] as const)('asks the second once where the first fails at once: %s', async (_, reply) => {
    providers.first.enqueue(reply);
    const { ask, clock, rows } = setUp(way, providers);

    expect(await ask()).toMatchObject({ text: 'second', target: 'second', attempts: '2' });
    clock.advance(DELAY_MS * 10);
    expect(providers.second.requests).toHaveLength(1);
    expect(rows[0]?.decisions.map(({ kind }) => kind)).not.toContain('hedge');
  });

  it('has the answer of the second where the first fails while that is under way', async () => {
    const [failing, slow] = [held({ status: 503 }), held({ text: 'second' })];
    providers.first.enqueue(failing.reply);
    providers.second.enqueue(slow.reply);
    const { ask, clock, rows } = setUp(way, providers);
    const asking = ask();
    await providers.first.waitForRequest();
    clock.advance(DELAY_MS);
    await providers.second.waitForRequest();
    failing.release();
    await providers.first.requests[0]?.settled;
    slow.release();

    expect(await asking).toMatchObject({ text: 'second', target: 'second', attempts: '2' });
    expect(rows.map(tried)).toEqual([['first: status', 'second: answered']]);
  });

  describe('where both fail', () => {
    const failBoth = async (options: HedgeSetUp) => {
      const failing = held({ status: 503 });
      providers.first.enqueue(failing.reply);
      providers.second.enqueue({ status: 500 });
      const bench = setUp(way, providers, options);
      const asking = bench.ask();
      await providers.first.waitForRequest();
      bench.clock.advance(DELAY_MS);
      const { settled } = await providers.second.waitForRequest();
      await settled;
      failing.release();
      return { ...bench, asking };
    };

    it('has the answer of the next in a fallback around it', async () => {
      const { asking, rows } = await failBoth({
        routeOf: ({ first, second, third }) => fallback(always(first, second), third),
      });

      expect(await asking).toMatchObject({ text: 'third', target: 'third', attempts: '3' });
      expect(rows.map(tried)).toEqual([['first: status', 'second: status', 'third: answered']]);
    });

    it('has the error of the first where there is nobody else', async () => {
      const { asking, gateway } = await failBoth({});
      const error = await asking.catch((thrown: unknown) => thrown);

      expect(error).toBeInstanceOf(way.errors.APIError);
      expect(error).toMatchObject({ status: 503 });
      expect(attemptsOf(error)).toHaveLength(2);
      expect(inFlight(gateway)).toEqual([0, 0]);
    });
  });
});
