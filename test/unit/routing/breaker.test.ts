import { describe, expect, it } from 'vitest';
import {
  Breaker,
  type BreakerChange,
  type BreakerOptions,
  type BreakerTicket,
} from '../../../src/routing/breaker.js';

const OPEN_MS = 30_000;

/** A breaker without jitter, and what it told. */
function build(options: BreakerOptions = {}, random: () => number = () => 0) {
  const changes: BreakerChange[] = [];
  const breaker = new Breaker(options, random, (change) => changes.push(change));
  return { breaker, changes, kinds: () => changes.map(({ kind }) => kind) };
}

function ticketOf(breaker: Breaker, now: number): BreakerTicket {
  const admission = breaker.admit(now);
  if (!admission.admitted) throw new Error(`not admitted: ${admission.reason}`);
  return admission.ticket;
}

function fail(breaker: Breaker, times: number, now = 0): void {
  for (let done = 0; done < times; done += 1) {
    breaker.failed(ticketOf(breaker, now), now, 'server_error');
  }
}

describe('a closed breaker', () => {
  it('opens with the fifth failure in a row', () => {
    const { breaker, changes } = build();

    fail(breaker, 4);
    expect(breaker.state).toBe('closed');
    fail(breaker, 1);

    expect(breaker.state).toBe('open');
    expect(changes).toEqual([{ kind: 'opened', reason: 'server_error', until: OPEN_MS }]);
  });

  it('counts anew after a success', () => {
    const { breaker } = build();

    fail(breaker, 4);
    breaker.succeeded(ticketOf(breaker, 0), 0);
    fail(breaker, 4);

    expect(breaker.state).toBe('closed');
  });

  it('opens when half of twenty results are failures, though never five in a row', () => {
    const { breaker } = build();
    const alternate = (rounds: number) => {
      for (let round = 0; round < rounds; round += 1) {
        breaker.succeeded(ticketOf(breaker, round), round);
        breaker.failed(ticketOf(breaker, round), round, 'timeout');
      }
    };

    alternate(9);
    expect(breaker.state).toBe('closed');
    alternate(1);

    expect(breaker.state).toBe('open');
  });

  it.each([30_000, 57_000, 1_000_000])('has forgotten at %d ms what happened at 0', (now) => {
    const { breaker } = build({ consecutive: 1000 });
    fail(breaker, 19, 0);

    for (let call = 0; call < 11; call += 1) breaker.succeeded(ticketOf(breaker, now), now);
    fail(breaker, 9, now);

    expect(breaker.state).toBe('closed');
  });

  it('counts results as long as they are in the window', () => {
    const { breaker } = build({ consecutive: 1000 });
    fail(breaker, 19, 3_000);

    breaker.failed(ticketOf(breaker, 29_999), 29_999, 'timeout');

    expect(breaker.state).toBe('open');
  });

  it('is not opened by what says nothing of the target', () => {
    const { breaker, changes } = build();

    for (let call = 0; call < 150; call += 1) breaker.released(ticketOf(breaker, call));

    expect(breaker.admit(150).admitted).toBe(true);
    expect(changes).toEqual([]);
  });

  it('takes the options it is given, and the defaults for those that are undefined', () => {
    const { breaker, changes } = build({ consecutive: 2, openMs: 100, ratio: undefined });

    fail(breaker, 2);

    expect(changes).toEqual([{ kind: 'opened', reason: 'server_error', until: 100 }]);
  });
});

describe('an open breaker', () => {
  it('lets nothing through, and says until when', () => {
    const { breaker } = build();
    fail(breaker, 5, 1_000);

    expect(breaker.admit(OPEN_MS + 999)).toEqual({
      admitted: false,
      reason: 'open',
      retryAt: OPEN_MS + 1_000,
    });
  });

  it('lets one probe through when its time is over, and no other beside it', () => {
    const { breaker } = build();
    fail(breaker, 5);

    ticketOf(breaker, OPEN_MS);

    expect(breaker.state).toBe('half_open');
    expect(breaker.admit(OPEN_MS + 5)).toEqual({
      admitted: false,
      reason: 'open',
      retryAt: OPEN_MS + 5,
    });
  });

  it('closes when the probe succeeds, with each change told once', () => {
    const { breaker, kinds } = build();
    fail(breaker, 5);

    breaker.succeeded(ticketOf(breaker, OPEN_MS), OPEN_MS + 10);
    fail(breaker, 4, OPEN_MS + 20);

    expect(breaker.state).toBe('closed');
    expect(kinds()).toEqual(['opened', 'half_open', 'closed']);
  });

  it('has forgotten the failures that opened it when it closes', () => {
    const { breaker } = build({ consecutive: 1000, openMs: 100 });
    fail(breaker, 20);
    breaker.succeeded(ticketOf(breaker, 100), 100);

    fail(breaker, 19, 100);

    expect(breaker.state).toBe('closed');
  });

  it('stays open for twice as long with each probe that fails, up to five minutes', () => {
    const { breaker, changes } = build();
    fail(breaker, 5);
    let now = 0;
    const lasted: number[] = [];

    for (let probe = 0; probe < 6; probe += 1) {
      const opened = changes.at(-1);
      if (opened?.kind !== 'opened') throw new Error('not opened');
      lasted.push(opened.until - now);
      now = opened.until;
      breaker.failed(ticketOf(breaker, now), now, 'timeout');
    }

    expect(lasted).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('opens for the first time again after it was closed', () => {
    const { breaker, changes } = build();
    fail(breaker, 5);
    breaker.failed(ticketOf(breaker, OPEN_MS), OPEN_MS, 'timeout');
    breaker.succeeded(ticketOf(breaker, 200_000), 200_000);

    fail(breaker, 5, 300_000);

    expect(changes.at(-1)).toMatchObject({ until: 300_000 + OPEN_MS });
  });

  it('is open longer by up to a quarter, by chance', () => {
    const { breaker, changes } = build({}, () => 0.8);

    fail(breaker, 5);

    expect(changes).toMatchObject([{ until: OPEN_MS * 1.2 }]);
  });

  it('gives the place of a probe that was released to the next call, without another event', () => {
    const { breaker, kinds } = build();
    fail(breaker, 5);

    breaker.released(ticketOf(breaker, OPEN_MS));
    const next = ticketOf(breaker, OPEN_MS + 1);

    expect(breaker.admit(OPEN_MS + 1).admitted).toBe(false);
    breaker.succeeded(next, OPEN_MS + 2);
    expect(kinds()).toEqual(['opened', 'half_open', 'closed']);
  });

  it('does not give away the place of another probe when one is released twice', () => {
    const { breaker } = build();
    fail(breaker, 5);
    const first = ticketOf(breaker, OPEN_MS);

    breaker.released(first);
    ticketOf(breaker, OPEN_MS);
    breaker.released(first);

    expect(breaker.admit(OPEN_MS).admitted).toBe(false);
  });
});

describe('results from before the last change of state', () => {
  it.each<[string, (breaker: Breaker, ticket: BreakerTicket) => void]>([
    ['a success', (breaker, ticket) => breaker.succeeded(ticket, OPEN_MS)],
    ['a failure', (breaker, ticket) => breaker.failed(ticket, OPEN_MS, 'timeout')],
    ['a release', (breaker, ticket) => breaker.released(ticket)],
    ['a dead key', (breaker, ticket) => breaker.kill(OPEN_MS, 'auth', ticket)],
  ])('do not count: %s', (_, tell) => {
    const { breaker, changes } = build();
    const late = ticketOf(breaker, 0);
    fail(breaker, 5);
    ticketOf(breaker, OPEN_MS);
    const before = changes.length;

    tell(breaker, late);

    expect(breaker.state).toBe('half_open');
    expect(breaker.admit(OPEN_MS).admitted).toBe(false);
    expect(changes).toHaveLength(before);
  });

  it('do not count after it has closed again', () => {
    const { breaker } = build();
    const late = Array.from({ length: 10 }, () => ticketOf(breaker, 0));
    fail(breaker, 5);
    breaker.succeeded(ticketOf(breaker, OPEN_MS), OPEN_MS);

    for (const ticket of late) breaker.failed(ticket, OPEN_MS, 'timeout');

    expect(breaker.state).toBe('closed');
  });
});

describe('deferUntil', () => {
  it('holds every call back until then', () => {
    const { breaker } = build();

    breaker.deferUntil(5_000);

    expect(breaker.admit(4_999)).toEqual({
      admitted: false,
      reason: 'not_before',
      retryAt: 5_000,
    });
    expect(breaker.admit(5_000).admitted).toBe(true);
  });

  it.each([1_000, Number.NaN])('keeps the later time when %s comes after it', (at) => {
    const { breaker } = build();

    breaker.deferUntil(5_000);
    breaker.deferUntil(at);

    expect(breaker.wouldAdmit(4_999)).toBe(false);
    expect(breaker.wouldAdmit(5_000)).toBe(true);
  });

  it('holds the probe back as well', () => {
    const { breaker } = build();
    fail(breaker, 5);

    breaker.deferUntil(OPEN_MS + 500);

    expect(breaker.admit(0)).toMatchObject({ reason: 'open', retryAt: OPEN_MS + 500 });
    expect(breaker.admit(OPEN_MS)).toMatchObject({ reason: 'not_before' });
    expect(breaker.state).toBe('open');
  });
});

describe('kill', () => {
  it('opens at once, for five minutes, and says that the key is dead', () => {
    const { breaker, changes } = build();

    breaker.kill(0, 'quota', ticketOf(breaker, 0));

    expect(changes).toEqual([{ kind: 'opened', reason: 'quota', until: 300_000 }]);
    expect(breaker.admit(299_999)).toMatchObject({ reason: 'dead', retryAt: 300_000 });
  });

  it('is told once, however many calls find the key dead', () => {
    const { breaker, changes } = build();

    breaker.kill(0, 'auth');
    breaker.kill(1_000, 'auth');

    expect(changes).toMatchObject([{ until: 300_000 }]);
  });

  it('is over with a probe that succeeds', () => {
    const { breaker } = build();
    breaker.kill(0, 'auth');

    breaker.succeeded(ticketOf(breaker, 300_000), 300_000);

    expect(breaker.state).toBe('closed');
  });

  it('is said again by a probe that finds the key dead still', () => {
    const { breaker } = build();
    breaker.kill(0, 'auth');

    breaker.kill(300_000, 'auth', ticketOf(breaker, 300_000));

    expect(breaker.admit(300_000)).toMatchObject({ reason: 'dead', retryAt: 600_000 });
  });
});

it('lets nothing through while it is disabled, and forgets nothing by it', () => {
  const { breaker } = build();
  fail(breaker, 4);

  breaker.disabled = true;
  const refusal = breaker.admit(0);
  breaker.disabled = false;
  fail(breaker, 1);

  expect(refusal).toEqual({
    admitted: false,
    reason: 'disabled',
    retryAt: Number.POSITIVE_INFINITY,
  });
  expect(breaker.state).toBe('open');
});

it('says what it would do without doing it', () => {
  const { breaker } = build();
  fail(breaker, 5);

  expect([breaker.wouldAdmit(OPEN_MS - 1), breaker.wouldAdmit(OPEN_MS)]).toEqual([false, true]);
  expect(breaker.state).toBe('open');

  ticketOf(breaker, OPEN_MS);

  expect(breaker.wouldAdmit(OPEN_MS)).toBe(false);
});
