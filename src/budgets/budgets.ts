import type {
  BudgetAnswer,
  BudgetCounters,
  BudgetEvent,
  BudgetKey,
  BudgetOptions,
  BudgetSpending,
  BudgetState,
  BudgetStats,
  BudgetStore,
  ExplainedBudget,
  GatewayBudgets,
} from '../pipeline/budget-types.js';
import type { CallContext } from '../pipeline/call-context.js';
import type { Clock } from '../pipeline/clock.js';
import type { GatewayContext, GatewayRequest, Logger } from '../pipeline/contract.js';
import { readDuration } from '../pipeline/duration.js';
import { refuse } from '../pipeline/option-checks.js';
import type { AttemptRecord, Operation } from '../pipeline/settlement.js';
import type { Target } from '../pipeline/target.js';
import { toAmount } from './amount.js';
import { Budget, type Spending } from './budget.js';
import { budgetError, type Refusal } from './budget-error.js';
import { explainBudget } from './explain-budget.js';
import type { Excess, Hold } from './hold.js';
import { memoryBudgetStore } from './memory-budget-store.js';
import { Spend } from './spend.js';
import { StoreLink } from './store-link.js';
import { together } from './together.js';

/** What a call is likely to take. */
export interface Estimate {
  readonly tokens: number;
  /** US dollars; absent where there is no price. */
  readonly cost?: number | undefined;
}

/** Guesses what calls take, and learns from what they took. */
export interface Estimator {
  estimate(call: AskedCall): Estimate;
  saw(model: string | undefined, attempts: readonly AttemptRecord[]): void;
}

/** A call that is about to be sent. */
export interface AskedCall {
  readonly request: GatewayRequest;
  /** The call, or the fork of it that the request is sent with. */
  readonly context: GatewayContext & Pick<CallContext, 'attempts'>;
  readonly target: Target;
}

/** What the budgets of a gateway work with. */
export interface BudgetsDependencies {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly estimator: Estimator;
  readonly emit: (event: BudgetEvent) => void;
  /** Takes work that no call waits for, so that `gateway.flush()` can. */
  readonly background: (work: Promise<unknown>) => void;
}

/** A call that is to ask for another model: with its request changed, it is admitted again. */
export interface Switched {
  readonly model: string;
  /** The budgets that have had their say. */
  readonly answered: ReadonlySet<Budget>;
}

/** What is to be done first; `undefined` where the call goes on as it is. */
type Admitted = Switched | undefined;

const DEFAULT_TIMEOUT_MS = 100;
/** What a store that is down is given, before a call is worth another try. */
const STORE_RETRY_MS = 1_000;
/** Operations in which one model can take another one's place. */
const GENERATES: ReadonlySet<Operation> = new Set(['chat', 'responses', 'messages', 'completions']);

/** A call on its way through the budgets. */
interface Passage extends AskedCall {
  readonly spend: Spend;
  readonly model: string | undefined;
  readonly switched: Switched | undefined;
}

/** All budgets of a gateway. */
export class Budgets implements GatewayBudgets {
  readonly #deps: BudgetsDependencies;
  readonly #budgets: readonly Budget[];
  readonly #links: readonly StoreLink[];
  /** What is set aside, by the attempts that it is for: these go from call to call, where several share a request. */
  readonly #spends = new WeakMap<readonly AttemptRecord[], Spend>();

  constructor(options: readonly BudgetOptions[], deps: BudgetsDependencies) {
    this.#deps = deps;
    const { clock, emit } = deps;
    const origin = clock.wallNow() - clock.now();
    // A clock on the wall that is put right must not make what is counted look old.
    const memory = memoryBudgetStore({ now: () => origin + clock.now() });
    const calendarMemory = memoryBudgetStore({ now: () => clock.wallNow() });
    const links = new Map<BudgetStore, StoreLink>();
    this.#budgets = options.map((one) => {
      const { period, storeTimeout } = one;
      const isByCalendar = typeof period === 'object' && 'every' in period;
      const store = one.store ?? (isByCalendar ? calendarMemory : memory);
      const timeoutMs = readDuration(storeTimeout) ?? DEFAULT_TIMEOUT_MS;
      const link = links.get(store) ?? new StoreLink({ store, timeoutMs, ...deps });
      links.set(store, link);
      return new Budget(one, { clock, link, isOwn: one.store === undefined, emit });
    });
    this.#links = [...links.values()];
  }

  /**
   * Sets aside what a call is likely to take; at once where the budgets are in memory.
   *
   * @param switched what this call came to when it was admitted before
   * @throws {@link GatewayError} `zerohop_budget` where it is refused
   */
  admit(call: AskedCall, switched?: Switched): Admitted | Promise<Admitted> {
    const { request, context } = call;
    // What it takes is not read.
    if (request.operation === 'passthrough') return undefined;
    const spend = this.#spends.get(context.attempts) ?? new Spend(context.attempts);
    this.#spends.set(context.attempts, spend);
    const model = modelOf(request.body);
    const covering = this.#budgets.filter((budget) => budget.covers(model));
    const passage: Passage = { ...call, spend, model, switched };
    if (covering.length === 0) return this.#grant(passage, []);
    const { tokens, cost = 0 } = this.#deps.estimator.estimate(call);
    const estimate: Spending = { tokens: toAmount(tokens), cost: toAmount(cost) };
    const holds = covering.map((budget) => budget.reserve({ context, model, estimate }));
    const all = together(holds);
    if (all instanceof Promise) return all.then((told) => this.#decide(passage, told));
    return this.#decide(passage, all);
  }

  /** What a call would meet now; sets nothing aside. */
  async explain(call: AskedCall): Promise<readonly ExplainedBudget[]> {
    const { request, context } = call;
    if (request.operation === 'passthrough') return [];
    const model = modelOf(request.body);
    const covering = this.#budgets.filter((budget) => budget.covers(model));
    if (covering.length === 0) return [];
    const estimate = this.#deps.estimator.estimate(call);
    return Promise.all(
      covering.map((budget) => explainBudget(budget, { context, model, estimate })),
    );
  }

  #decide(passage: Passage, holds: readonly Hold[]): Admitted {
    const { context, switched } = passage;
    const refusals: Refusal[] = [];
    let other: string | undefined;
    for (const hold of holds) {
      const { budget, excess } = hold;
      if (hold.isLocal && this.#isClosed(hold, context)) {
        refusals.push({ budget: budget.name, reason: 'store_down', retryAfterMs: STORE_RETRY_MS });
      }
      if (excess === undefined || switched?.answered.has(budget)) continue;
      const answer = this.#answerTo(hold, excess, passage);
      const mode = typeof answer === 'object' ? 'use-model' : answer;
      context.decide('budget-exceeded', { budget: budget.name, mode });
      if (typeof answer === 'object') other = answer.useModel;
      if (answer !== 'reject') continue;
      refusals.push({
        budget: budget.name,
        reason: 'exceeded',
        retryAfterMs: budget.waitMs(excess),
      });
    }
    const longest = longestOf(refusals);
    if (longest === undefined && other === undefined) return this.#grant(passage, holds);
    for (const hold of holds) this.#deps.background(hold.release());
    if (longest !== undefined) throw budgetError(longest);
    const answered = holds.filter(({ excess }) => excess).map(({ budget }) => budget);
    return other === undefined ? undefined : { model: other, answered: new Set(answered) };
  }

  #isClosed({ budget, account }: Hold, context: GatewayContext): boolean {
    budget.storeDown(account);
    const mode = budget.closesWithStore ? 'closed' : 'open';
    context.decide('budget-store-down', { budget: budget.name, mode });
    return budget.closesWithStore;
  }

  /** What is done with a call that goes over. Another model is asked for once, and only where that can be. */
  #answerTo(
    { budget, account }: Hold,
    excess: Excess,
    { request, context, model, switched }: Passage,
  ): BudgetAnswer {
    const answer = budget.answerTo(account, excess, { context, model });
    if (typeof answer !== 'object') return answer;
    if (switched !== undefined || model === answer.useModel) return 'allow';
    const fits = budget.answer === undefined || GENERATES.has(request.operation);
    return model !== undefined && fits ? answer : 'reject';
  }

  #grant({ spend, model }: Passage, holds: readonly Hold[]): undefined {
    if (spend.hold(holds, model)) return;
    // It gave up while a store was asked.
    for (const hold of holds) this.#deps.background(hold.release());
  }

  /** A call has settled: what was set aside for it becomes what was spent. */
  settled(call: CallContext): void {
    const spend = this.#spends.get(call.attempts);
    if (spend === undefined) return;
    this.#spends.delete(call.attempts);
    // Notes on the attempts what they reported, and what that cost.
    call.settlement();
    this.#deps.background(spend.settle((model, made) => this.#deps.estimator.saw(model, made)));
  }

  async get(name: string, key?: BudgetKey): Promise<BudgetState> {
    return this.#named(name, 'get').state(key);
  }

  async add(
    name: string,
    key: BudgetKey | undefined,
    amount: number | BudgetSpending,
  ): Promise<void> {
    const budget = this.#named(name, 'add');
    const [unit, second] = budget.units;
    if (typeof amount === 'number' && (unit === undefined || second !== undefined)) {
      refuse('gateway.budgets.add', `${name} has two units: say which, as in { cost: 1 }`);
    }
    const spending = typeof amount === 'number' ? { [unit ?? 'cost']: amount } : amount;
    for (const value of Object.values(spending)) {
      if (!Number.isFinite(value ?? 0)) refuse('gateway.budgets.add', 'the amount must be finite');
    }
    await budget.add(key, spending);
  }

  async reset(name: string, key?: BudgetKey): Promise<void> {
    if (await this.#named(name, 'reset').reset(key)) return;
    throw new Error(`gateway.budgets.reset: the store of ${name} cannot be had`);
  }

  #named(name: string, method: string): Budget {
    const found = this.#budgets.find((budget) => budget.name === name);
    if (found) return found;
    const known = this.#budgets.map((budget) => budget.name).join(', ');
    refuse(`gateway.budgets.${method}`, `no budget ${name}; there are ${known}`);
  }

  stats(): readonly BudgetStats[] {
    return this.#budgets.map((budget) => budget.stats());
  }

  get counters(): BudgetCounters {
    const sum = { failures: 0, timeouts: 0, skipped: 0, unsent: 0 };
    for (const { counters } of this.#links) {
      sum.failures += counters.failures;
      sum.timeouts += counters.timeouts;
      sum.skipped += counters.skipped;
      sum.unsent += counters.unsent;
    }
    return sum;
  }

  /** Sends what is kept here, as far as the stores take it. */
  async flush(): Promise<void> {
    await Promise.all(this.#links.map((link) => link.flush()));
  }
}

/** The refusal that holds longest. */
function longestOf(refusals: readonly Refusal[]): Refusal | undefined {
  const [first, ...others] = refusals;
  if (first === undefined) return undefined;
  const until = ({ retryAfterMs = Number.POSITIVE_INFINITY }: Refusal) => retryAfterMs;
  return others.reduce(
    (longest, other) => (until(other) > until(longest) ? other : longest),
    first,
  );
}

function modelOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('model' in body)) return undefined;
  return typeof body.model === 'string' ? body.model : undefined;
}
