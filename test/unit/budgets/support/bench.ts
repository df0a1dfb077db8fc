import { Budgets, type Switched } from '../../../../src/budgets/budgets.js';
import type { BudgetEvent, BudgetOptions } from '../../../../src/pipeline/budget-types.js';
import { CallContext } from '../../../../src/pipeline/call-context.js';
import type { GatewayRequest } from '../../../../src/pipeline/contract.js';
import type { Pricer } from '../../../../src/pipeline/pricer.js';
import type { Failure, Operation } from '../../../../src/pipeline/settlement.js';
import type { Target } from '../../../../src/pipeline/target.js';
import { handClock } from '../../../support/quick-clock.js';

/** What a call is like. */
export interface CallKind {
  readonly user?: string;
  readonly model?: string;
  readonly operation?: Operation;
  /** What it is guessed to take, in dollars. Tokens are a thousand times that. */
  readonly estimate?: number;
}

/** What one attempt reported, in dollars; `undefined` where it reported nothing. */
export type Reported = number | undefined;

/** A call on its way. */
export interface TestCall {
  readonly context: CallContext;
  readonly request: GatewayRequest;
  admit(switched?: Switched, request?: GatewayRequest): Promise<Switched | undefined>;
  /** Settles it with what its attempts reported; all but the last one failed. */
  finish(...reported: readonly Reported[]): Promise<void>;
}

export const TOKENS_PER_DOLLAR = 1_000;
const FAILED: Failure = { kind: 'connection', message: 'broken' };

/** Usage says what it cost. */
const pricer: Pricer = {
  prepare: () => undefined,
  price: ({ usage }) => {
    const amount = usage?.reportedCost;
    if (amount === undefined) return { unpriced: 'no_usage' };
    return { cost: { amount, currency: 'USD', source: 'provider' } };
  },
  sum: () => ({ unpriced: 'off' }),
};

/** Budgets by themselves, on a clock that is set by hand. */
export function setUp(options: readonly BudgetOptions[], startsAt = 0) {
  const clock = handClock();
  let jumpedMs = 0;
  const wall = { ...clock, wallNow: () => startsAt + jumpedMs + clock.now() };
  const events: BudgetEvent[] = [];
  const warnings: string[] = [];
  const background = new Set<Promise<unknown>>();
  const budgets = new Budgets(options, {
    clock: wall,
    logger: { warn: (message) => warnings.push(message) },
    estimator: {
      estimate({ request }) {
        const { estimate = 1 } = request.body as CallKind;
        return { cost: estimate, tokens: estimate * TOKENS_PER_DOLLAR };
      },
      saw: () => undefined,
    },
    emit: (event) => events.push(event),
    background: (work) => background.add(work),
  });
  let calls = 0;

  function call({ user, operation = 'chat', model = 'm', estimate = 1 }: CallKind = {}): TestCall {
    calls += 1;
    const context = new CallContext({
      ...{ id: `zh_${calls}`, operation, requestModel: model, stream: false, logger: {} },
      metadata: user === undefined ? {} : { user },
      clock: wall,
      callerSignal: undefined,
      onSettled: (settled) => budgets.settled(settled),
      pricer,
    });
    const body = { model, estimate };
    const request = { operation, method: 'POST', path: '/x', body, stream: false };
    return {
      context,
      request,
      async admit(switched, changed = request) {
        return budgets.admit({ request: changed, context, target: {} as Target }, switched);
      },
      async finish(...reported) {
        attempt(context, reported);
        context.settle('success');
        await Promise.all(background);
      },
    };
  }

  return {
    budgets,
    clock,
    events,
    warnings,
    call,
    flush: () => Promise.all(background),
    /** Puts the clock on the wall forward. */
    jump(byMs: number) {
      jumpedMs += byMs;
    },
  };
}

/** Adds what attempts reported to a call. */
export function attempt(context: CallContext, reported: readonly Reported[]): void {
  for (const [index, cost] of reported.entries()) {
    context.attempts.push({
      ...{
        index: context.attempts.length,
        target: 't',
        provider: 'p',
        startedAt: 0,
        durationMs: 1,
      },
      ...(index < reported.length - 1 && { failure: FAILED }),
      ...(cost !== undefined && {
        usage: {
          inputTokens: cost * TOKENS_PER_DOLLAR,
          outputTokens: 0,
          reportedCost: cost,
          reported: {},
        },
      }),
    });
  }
}

/** By the user that the metadata name. */
export const byUser: BudgetOptions['by'] = ({ metadata }) => metadata.user as string | undefined;
