import { describe, expect, it, vi } from 'vitest';
import { Flight } from '../../../src/cache/flight.js';
import type { EventSource } from '../../../src/pipeline/event-source.js';
import { GatewayResponse } from '../../../src/pipeline/gateway-response.js';
import type { Target } from '../../../src/pipeline/target.js';
import { leaseStream } from '../../../src/routing/finish-response.js';
import { contextOf } from '../pipeline/context.js';

// Nothing of it is asked for where nothing fails.
const target = {} as unknown as Target;

/** A stream that says nothing until it is given up. */
function silence(): EventSource {
  const never = Promise.withResolvers<null>();
  return { pull: () => never.promise, cancel: () => never.resolve(null) };
}

function flightOf() {
  const leader = contextOf();
  const signals: AbortSignal[] = [];
  const flight = new Flight({
    leader,
    send: async ({ signal }) => {
      signals.push(signal);
      const events = leaseStream({ ...silence(), onSettle: undefined });
      return new GatewayResponse({
        status: 200,
        headers: new Headers({ 'x-request-id': 'req_1' }),
        payload: { kind: 'events', events },
      });
    },
    maxBytes: 1_000,
    onComplete: vi.fn(),
    onOver: vi.fn(),
  });
  const board = (context = contextOf()) => flight.board({ context, target, wantsUsage: false });
  return { flight, leader, board, signals };
}

describe('a stream that is under way', () => {
  it('takes nobody in whose call has ended, and goes on', async () => {
    const { flight, leader, board, signals } = flightOf();
    await board(leader);
    const gone = contextOf(AbortSignal.abort(new Error('gone')));

    await expect(board(gone)).rejects.toThrow('gone');

    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(flight.isJoinable).toBe(true);
  });

  it('has headers of its own for each, as the provider sent them', async () => {
    const { leader, board } = flightOf();
    const first = await board(leader);
    first.headers.set('x-request-id', 'mine');

    const second = await board();

    expect(second.headers.get('x-request-id')).toBe('req_1');
    expect([...second.headers]).toEqual([['x-request-id', 'req_1']]);
  });
});
