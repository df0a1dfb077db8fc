import { expect } from 'vitest';

import { bodyBytes, type WireExchange } from './exchange.js';
import type { ErrorFacts, Outcome } from './outcome.js';

/** A place where a wrapped client gives its caller something better than the bare SDK does. */
export interface Improvement {
  readonly reason: string;
  readonly applies: (bare: Outcome, exchange: WireExchange) => boolean;
  /** What the wrapped client gives, in terms of what the bare one gave. */
  readonly expected: (bare: Outcome) => unknown;
}

const MAX_MESSAGE = 300;

/** Every exception from "the wrapped client gives what the bare one gives". The first that applies counts. */
export const improvements: readonly Improvement[] = [
  {
    reason: 'an error object in a 200 answer is thrown, not handed over as if it were the answer',
    applies: ({ value }) => errorIn(value) !== undefined,
    expected: ({ value }) => ({
      error: expect.objectContaining({
        classes: expect.arrayContaining(['APIError']),
        status: expect.any(Number),
        body: errorIn(value),
      }),
    }),
  },
  {
    reason: 'an error in a stream has the status that it names, and the class of that status',
    applies: ({ chunks, error }) =>
      chunks !== undefined && error !== undefined && error.body !== undefined,
    expected: (bare) => ({
      ...bare,
      error: bare.error && {
        ...bare.error,
        classes: expect.arrayContaining([...bare.error.classes]),
        status: expect.any(Number),
        message: expect.stringContaining(bare.error.message.slice(0, MAX_MESSAGE / 2)),
      },
    }),
  },
  {
    reason: 'a stream that ends without its terminal marker fails, with all that came before',
    applies: ({ chunks, error }, exchange) =>
      chunks !== undefined && error === undefined && !hasTerminal(exchange),
    expected: (bare) => ({
      ...bare,
      error: expect.objectContaining({
        classes: expect.arrayContaining(['StreamTruncatedError', 'APIConnectionError']),
      }),
    }),
  },
  {
    reason: 'the message of an error that came as a page says so, and does not quote the page',
    applies: ({ error }, { response }) => error !== undefined && typeof response.body === 'string',
    expected: (bare) =>
      withMessage(bare, () => expect.stringMatching(/^\d{3} the upstream answered with [\w/]+/)),
  },
  {
    reason: 'the message of an error has an end',
    applies: ({ error }) => (error?.message.length ?? 0) > MAX_MESSAGE,
    expected: (bare) => withMessage(bare, ({ message }) => `${message.slice(0, MAX_MESSAGE - 1)}…`),
  },
];

function withMessage(bare: Outcome, message: (error: ErrorFacts) => unknown): unknown {
  return { ...bare, error: bare.error && { ...bare.error, message: message(bare.error) } };
}

/** The error of an answer that is nothing but an error. */
function errorIn(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('error' in value)) return undefined;
  return 'choices' in value || 'id' in value ? undefined : (value.error ?? undefined);
}

const TERMINALS = [
  /^data: ?\[DONE\]/m,
  /"finish_reason": ?"/,
  /"type": ?"response\.(?:completed|incomplete)"/,
  /"type": ?"message_stop"/,
];

/** Whether a stream says that it is over, in any dialect. */
function hasTerminal(exchange: WireExchange): boolean {
  if (exchange.api === 'openai.audio.transcriptions') return true;
  const text = bodyBytes(exchange).toString();
  return TERMINALS.some((pattern) => pattern.test(text));
}
