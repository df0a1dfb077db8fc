import { describe, expect, it, vi } from 'vitest';
import { EventHub } from '../../../src/cache/event-hub.js';
import type { EventSource, StreamEvent } from '../../../src/pipeline/event-source.js';

type Batch = readonly StreamEvent[] | null;

function eventOf(id: string): StreamEvent {
  const data = JSON.stringify({ id });
  return { event: null, data, json: JSON.parse(data) };
}

const COMMENT: StreamEvent = { event: null, data: null, json: undefined };

/** A hub over a source that gives what it is told to, when it is told to. */
function hubByHand({ maxBytes = 10_000 } = {}) {
  const pulls: PromiseWithResolvers<Batch>[] = [];
  const source: EventSource = {
    pull() {
      const pull = Promise.withResolvers<Batch>();
      pulls.push(pull);
      return pull.promise;
    },
    cancel: vi.fn(),
  };
  const onComplete = vi.fn();
  const onOver = vi.fn();
  const hub = new EventHub(source, { maxBytes, onComplete, onOver });
  const next = async () => {
    await vi.waitUntil(() => pulls.length > 0);
    return pulls.shift() ?? Promise.withResolvers<Batch>();
  };
  const give = async (...events: StreamEvent[]) => (await next()).resolve(events);
  const end = async () => (await next()).resolve(null);
  const fail = async (error: Error) => (await next()).reject(error);
  return { hub, pulls, give, end, fail, onComplete, onOver };
}

describe('readers of one stream', () => {
  it('share one pull; who asked first has the events as they came, the others copies', async () => {
    const { hub, pulls, give } = hubByHand();
    const [first, second] = [hub.open(), hub.open()];
    const event = eventOf('a');

    const batches = [hub.next(first), hub.next(second)];
    expect(pulls).toHaveLength(1);
    await give(event);
    const [one, other] = await Promise.all(batches);

    expect(one?.[0]).toBe(event);
    expect(other?.[0]?.json).toEqual(event.json);
    expect(other?.[0]?.json).not.toBe(event.json);
  });

  it('all learn that the stream broke, and how', async () => {
    const { hub, fail, onComplete, onOver } = hubByHand();
    const readers = [hub.open(), hub.open()];
    const broken = new Error('broken');

    const batches = readers.map((reader) => hub.next(reader));
    await fail(broken);

    expect(await Promise.allSettled([...batches, hub.next(hub.open())])).toEqual(
      Array.from({ length: 3 }, () => ({ status: 'rejected', reason: broken })),
    );
    expect([onComplete, onOver].map(({ mock }) => mock.calls.length)).toEqual([0, 1]);
  });

  it('all learn that it has ended', async () => {
    const { hub, give, end, onComplete } = hubByHand();
    const readers = [hub.open(), hub.open()];
    const first = readers.map((reader) => hub.next(reader));
    await give(eventOf('a'));
    await Promise.all(first);

    const last = readers.map((reader) => hub.next(reader));
    await end();

    expect(await Promise.all(last)).toEqual([null, null]);
    expect(onComplete).toHaveBeenCalledWith([[null, '{"id":"a"}']]);
  });

  it('miss nothing where another one is ahead', async () => {
    const { hub, give } = hubByHand();
    const [first, second] = [hub.open(), hub.open()];

    const [ahead, behind] = [hub.next(first), hub.next(second)];
    await give(eventOf('a'));
    await ahead;
    const further = hub.next(first);
    await give(eventOf('b'));
    await further;

    const batches = [await behind, await hub.next(second)];
    expect(batches.map((batch) => batch?.map(({ json }) => json))).toEqual([
      [{ id: 'a' }],
      [{ id: 'b' }],
    ]);
  });

  it('go on waiting where what came is nothing to keep', async () => {
    const { hub, give } = hubByHand();
    const [first, second] = [hub.open(), hub.open()];

    const batches = [hub.next(first), hub.next(second)];
    await give(COMMENT);
    expect(await batches[0]).toEqual([COMMENT]);
    await give(eventOf('a'));

    expect((await batches[1])?.[0]?.json).toEqual({ id: 'a' });
  });

  it('hear of what was read for one who has left', async () => {
    const { hub, give } = hubByHand();
    const [first, second] = [hub.open(), hub.open()];
    const left = new Error('left');

    const batches = [hub.next(first), hub.next(second)];
    expect(hub.interrupt(first, left)).toBe(true);
    hub.close(first);
    await give(eventOf('a'));

    await expect(batches[0]).rejects.toBe(left);
    expect((await batches[1])?.[0]?.json).toEqual({ id: 'a' });
  });

  it('are not interrupted while they do not wait', async () => {
    const { hub, give } = hubByHand();
    const reader = hub.open();
    const batch = hub.next(reader);
    await give(eventOf('a'));
    await batch;

    expect(hub.interrupt(reader, new Error('left'))).toBe(false);
  });
});
