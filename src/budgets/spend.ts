import type { AttemptRecord } from '../pipeline/settlement.js';
import { type Amount, toAmount } from './amount.js';
import type { Spending } from './budget.js';
import type { Hold } from './hold.js';

interface Part {
  /** Its first attempt. */
  readonly from: number;
  readonly model: string | undefined;
  readonly holds: readonly Hold[];
}

/** What is set aside for one call, which an interceptor may send more than once. */
export class Spend {
  readonly #attempts: readonly AttemptRecord[];
  readonly #parts: Part[] = [];
  #isOver = false;

  constructor(attempts: readonly AttemptRecord[]) {
    this.#attempts = attempts;
  }

  /** Keeps holds until the call settles; `false` where it has done so already. */
  hold(holds: readonly Hold[], model: string | undefined): boolean {
    if (!this.#isOver) this.#parts.push({ from: this.#attempts.length, model, holds });
    return !this.#isOver;
  }

  /** Settles what is held by what the attempts reported. */
  async settle(
    saw: (model: string | undefined, attempts: readonly AttemptRecord[]) => void,
  ): Promise<void> {
    this.#isOver = true;
    const settling = this.#parts.map(({ from, model, holds }, index) => {
      const made = this.#attempts.slice(from, this.#parts[index + 1]?.from);
      saw(model, made);
      const spent = spentBy(made);
      return Promise.all(holds.map((hold) => hold.settle(spent)));
    });
    await Promise.all(settling);
  }
}

/** What attempts took, as far as they said. Those that failed, too. */
function spentBy(attempts: readonly AttemptRecord[]): Spending {
  let cost: Amount = 0n;
  let tokens: Amount = 0n;
  for (const { cost: own, usage } of attempts) {
    if (own) cost += toAmount(own.amount);
    if (usage === undefined) continue;
    const { inputTokens, outputTokens, totalTokens = 0 } = usage;
    const isKnown = inputTokens !== undefined || outputTokens !== undefined;
    tokens += toAmount(isKnown ? (inputTokens ?? 0) + (outputTokens ?? 0) : totalTokens);
  }
  return { cost, tokens };
}
