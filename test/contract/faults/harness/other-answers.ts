import { expect } from 'vitest';
import type { Expectation } from './fault-case.js';
import { OTHER } from './scene.js';
import { type Attempt, json, stream } from './script.js';
import type { Shape } from './shapes.js';

/** All events of an answer. */
export function whole({ opening, hello, world, finish, closing }: Shape): readonly string[] {
  return [...opening, hello, world, ...finish, ...closing];
}

/** The other target answers in JSON. */
export function answers({ ok }: Shape): readonly Attempt[] {
  return [[json(200, ok)]];
}

/** The other target answers with a stream. */
export function streams(shape: Shape): readonly Attempt[] {
  return [stream(whole(shape))];
}

/** What a call comes to that the other target answered. */
export const answered = {
  outcome: 'success',
  text: 'hello world',
  usage: 'reported',
  otherHits: 1,
  check: (_, { ledger }) =>
    expect(ledger.rows.at(-1)).toMatchObject({ outcome: 'success', target: OTHER }),
} as const satisfies Expectation;

type Kind = 'connection' | 'malformed' | 'upstream_error' | 'empty' | 'first_byte_timeout';

/** The same after three attempts that failed. */
export function afterThree(kind: Kind): Expectation {
  return { ...answered, hits: 3, kinds: [kind, kind, kind, undefined] };
}
