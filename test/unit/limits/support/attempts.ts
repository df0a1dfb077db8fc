import { type LimiterDependencies, RateLimiter } from '../../../../src/limits/rate-limiter.js';
import type { AskedAttempt, Permit } from '../../../../src/pipeline/admission.js';
import { CallContext } from '../../../../src/pipeline/call-context.js';
import type { RateLimitOptions } from '../../../../src/pipeline/limit-types.js';
import type { Usage } from '../../../../src/pipeline/settlement.js';
import { handClock } from '../../../support/quick-clock.js';
import { chatRequest } from '../../pipeline/context.js';

/** What is particular about an attempt. */
export interface AttemptInit {
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** An attempt of a call of its own. */
export function attemptOf({
  metadata = {},
  body = { model: 'm' },
  signal,
}: AttemptInit = {}): AskedAttempt & {
  readonly context: CallContext;
} {
  const context = new CallContext({
    id: 'zh_1',
    operation: 'chat',
    requestModel: 'm',
    stream: false,
    metadata,
    logger: {},
    clock: handClock(),
    callerSignal: signal,
    onSettled: () => undefined,
  });
  return { context, request: { ...chatRequest, body }, target: 'main', provider: 'openai' };
}

/** What an attempt reported. */
export const reported = (inputTokens: number, outputTokens: number): Usage => ({
  inputTokens,
  outputTokens,
  reported: {},
});

/** A limiter on a clock that is moved by hand. */
export function openLimiter(options: RateLimitOptions, deps: Partial<LimiterDependencies> = {}) {
  const clock = handClock();
  const limiter = new RateLimiter(options, { clock, priceOf: () => undefined, ...deps });
  /** Moves time on in steps, until it has come. */
  const pass = async (ms: number, stepMs = 10): Promise<void> => {
    for (let passed = 0; passed < ms; passed += stepMs) {
      await someTurns();
      clock.advance(Math.min(stepMs, ms - passed));
    }
    await someTurns();
  };
  return { limiter, clock, pass };
}

/** Lets a line of any length move up: Bottleneck takes a few turns of the event loop for each place. */
export async function someTurns(count = 6): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setTimeout(resolve));
}

/** Whether it was let through at once. */
export function isPermit(answer: Permit | Promise<Permit>): answer is Permit {
  return !(answer instanceof Promise);
}
