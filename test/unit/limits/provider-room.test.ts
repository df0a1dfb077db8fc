import { describe, expect, it } from 'vitest';
import type { Weights } from '../../../src/limits/limits.js';
import { ProviderRoom, ProviderRooms } from '../../../src/limits/provider-room.js';
import type { QuotaLimit } from '../../../src/pipeline/admission.js';

const one: Weights = { requests: 1, tokens: 0, inputTokens: 0, outputTokens: 0, cost: 0 };
const requests = (
  remaining: number,
  { limit = 60, resetMs = 60_000, ...more }: Partial<QuotaLimit> = {},
): QuotaLimit => ({ unit: 'requests', refills: true, remaining, limit, resetMs, ...more });

function openRoom() {
  const room = new ProviderRoom();
  const mark = (at = 0) => room.take(one, at);
  /** What the answer to the request of a mark says. */
  const hear = (quota: QuotaLimit, of = mark(), now = 0) =>
    room.learn({ quota: [quota], retryAfterMs: undefined }, of, now);
  const waitMs = (now = 0, weights = one, ahead = 0) => room.holdUp(weights, now, ahead)?.waitMs;
  /** How many may be sent at once. */
  const left = (now = 0) => {
    let count = 0;
    while (room.holdUp(one, now, count) === undefined && count < 1_000) count += 1;
    return count;
  };
  return { room, mark, hear, waitMs, left };
}

describe('what is left at a provider', () => {
  it('is not known before an answer tells, and holds nobody up', () => {
    const { waitMs, left } = openRoom();

    expect([waitMs(), left()]).toEqual([undefined, 1_000]);
  });

  it('is what the last answer said, less what was sent since', () => {
    const { room, mark, hear, left } = openRoom();
    const first = mark();
    room.take(one, 0);
    room.take(one, 0);

    hear(requests(10), first);

    expect(left()).toBe(8);
  });

  it('comes back evenly until it is all there, as the answer said', () => {
    const { hear, left, waitMs } = openRoom();
    hear(requests(0, { limit: 60, resetMs: 60_000 }));

    expect([waitMs(0), left(0), left(10_000), left(59_999)]).toEqual([1_000, 0, 10, 59]);
    expect(waitMs(0, one, 9)).toBe(10_000);
    expect(left(60_000)).toBe(1_000);
  });

  it('is there again later, where more was sent since', () => {
    const { mark, hear, left } = openRoom();
    const first = mark();
    hear(requests(30, { limit: 60, resetMs: 30_000 }), first);
    for (let sent = 0; sent < 30; sent += 1) mark();

    expect([left(0), left(30_000), left(59_999), left(60_000)]).toEqual([0, 30, 59, 1_000]);
  });

  it('comes back as slowly as any answer has shown: what is left is told in whole numbers', () => {
    const { mark, hear, waitMs } = openRoom();
    hear(requests(0, { limit: 60, resetMs: 60_000 }));
    hear(requests(59, { limit: 60, resetMs: 100 }), mark(60_000), 60_000);
    for (let sent = 0; sent < 59; sent += 1) mark(60_000);

    expect(waitMs(60_000)).toBe(1_000);
  });

  it('comes back at once where the provider counts by windows', () => {
    const { hear, left, waitMs } = openRoom();
    hear(requests(0, { refills: false }));

    expect([waitMs(0), left(59_999), left(60_000)]).toEqual([60_000, 0, 1_000]);
  });

  it('says nothing any more once it should be there again', () => {
    const { hear, left } = openRoom();
    hear(requests(3, { refills: false, resetMs: 1_000 }));

    expect([left(999), left(1_000)].map((count) => count < 1_000)).toEqual([true, false]);
  });

  it.each([
    ['says not when it is there again', { resetMs: undefined }],
    ['should be there already', { resetMs: 0 }],
  ])('is left aside where it %s', (_, more) => {
    const { room, mark } = openRoom();
    room.learn({ quota: [{ ...requests(0), ...more }], retryAfterMs: undefined }, mark(), 0);

    expect(room.holdUp(one, 0)).toBeUndefined();
  });

  it('is not raised by answers that come in the wrong order', () => {
    const { mark, hear, left } = openRoom();
    hear(requests(42));
    const [first, second, third] = [mark(), mark(), mark()];

    hear(requests(2), third);
    hear(requests(40), first);
    hear(requests(39), second);

    expect(left()).toBe(2);
  });

  it('is no more, at first, than what is sure: what is under way may come on top', () => {
    const { mark, hear, left } = openRoom();
    const [, second] = [mark(), mark(), mark()];

    hear(requests(20), second);

    expect(left()).toBe(18);
  });

  it('is raised by the answer to a request that was sent after the last one had come', () => {
    const { mark, hear, left } = openRoom();
    const [slow, quick] = [mark(), mark()];
    hear(requests(2), quick);

    const later = mark();
    const isMore = hear(requests(30), later);
    const isLess = hear(requests(2), slow);

    expect([isMore, isLess]).toEqual([true, false]);
    // The slow one is older, and says less: it is believed, with what was sent since.
    expect(left()).toBe(0);
  });

  it('gets back what was not sent after all', () => {
    const { room, mark, hear, left } = openRoom();
    hear(requests(5));
    const unsent = mark();
    const before = left();
    room.over(unsent, false, 0);

    expect([before, left()]).toEqual([4, 5]);
  });

  it('forgets what was under way once it is over, whether or not it was heard of', () => {
    const { room, mark, hear, left } = openRoom();
    for (let lost = 0; lost < 50; lost += 1) room.over(mark(), true, 0);
    const heard = mark();
    hear(requests(20), heard);
    room.over(heard, true, 0);
    hear(requests(19));

    expect(left()).toBe(19);
  });

  it('counts an answer once, however often it is told', () => {
    const { mark, hear, left } = openRoom();
    const [first] = [mark(), mark()];
    hear(requests(20), first);
    hear(requests(20), first);
    hear(requests(30), mark());

    // One is under way, and may come on top.
    expect(left()).toBe(29);
  });

  it('is not raised by a request before it that was not sent after all', () => {
    const { room, mark, hear, left } = openRoom();
    const first = mark();
    const second = mark();
    room.over(first, false, 0);
    hear(requests(5), second);

    expect(left()).toBe(5);
  });

  it('is not known again by what is sent once it says nothing any more', () => {
    const { room, hear, left } = openRoom();
    hear(requests(59, { limit: 60, resetMs: 1_000 }));
    room.take(one, 1_000);

    expect(left(1_000)).toBe(1_000);
  });

  it('is never more than its limit', () => {
    const { room, mark, hear, left } = openRoom();
    hear(requests(100, { limit: 10 }));
    room.over(mark(), false, 0);
    room.over(mark(), false, 0);

    expect(left()).toBe(10);
  });

  it('lets one through that is larger than its limit, from a full one', () => {
    const { room, mark } = openRoom();
    const large = { ...one, tokens: 5_000 };
    const tokens = { unit: 'tokens', refills: true, limit: 1_000, resetMs: 60_000 } as const;
    const hear = (remaining: number) =>
      room.learn({ quota: [{ ...tokens, remaining }], retryAfterMs: undefined }, mark(), 0);

    hear(1_000);
    const full = room.holdUp(large, 0);
    hear(999);

    expect(full).toBeUndefined();
    expect(room.holdUp(large, 0)).toMatchObject({ name: 'provider', amount: 1_000, left: 999 });
  });

  it('holds all up for as long as an answer asks to be left alone, at most five minutes', () => {
    const { room, mark, waitMs } = openRoom();
    const hear = (retryAfterMs: number) => room.learn({ quota: [], retryAfterMs }, mark(), 0);

    hear(5_000);
    hear(1_000);
    const first = [waitMs(0), waitMs(4_999), waitMs(5_000)];
    hear(86_400_000);

    expect(first).toEqual([5_000, 1, undefined]);
    expect(waitMs(0)).toBe(300_000);
  });

  it('is known of so many models, each apart', () => {
    const rooms = new ProviderRooms();
    const first = rooms.of('m0');
    const same = rooms.of('m0');
    for (let model = 1; model <= 100; model += 1) rooms.of(`m${model}`);

    expect(same).toBe(first);
    expect(rooms.of('m0')).not.toBe(first);
  });
});
