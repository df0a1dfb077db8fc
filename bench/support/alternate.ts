import { type Child, startChild } from './child.js';
import type { Variant } from './clients.js';

/** Until the engine has compiled what is measured. */
const WARM_UP_ROUNDS = 3;

/** The values of each variant, one a round. */
export type Series<Value> = ReadonlyMap<Variant, Value[]>;

/** One child process a variant. */
export class Subjects implements AsyncDisposable {
  readonly #children: ReadonlyMap<Variant, Child>;

  constructor(variants: readonly Variant[], baseURL: string, flags: readonly string[] = []) {
    this.#children = new Map(
      variants.map((variant) => [
        variant,
        startChild('workers/client.ts', [variant, baseURL], flags),
      ]),
    );
  }

  /** Asks each process in turn, round after round, while the others are idle. The first rounds warm up. */
  async alternate<Value>(
    method: string,
    argument: unknown,
    rounds: number,
  ): Promise<Series<Value>> {
    const series = new Map<Variant, Value[]>();
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
      for (const [variant, child] of this.#children) {
        const value = await child.ask<Value>(method, argument);
        const values = series.get(variant) ?? [];
        series.set(variant, values);
        if (round >= 0) values.push(value);
      }
    }
    return series;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#children.values()].map((child) => child[Symbol.asyncDispose]()));
  }
}

/** One figure out of a series of records. */
export function pick<Value>(
  series: Series<Value>,
  figure: (value: Value) => number,
): Series<number> {
  return new Map([...series].map(([variant, values]) => [variant, values.map(figure)]));
}

export function valuesOf(series: Series<number>, variant: Variant): number[] {
  return series.get(variant) ?? [];
}
