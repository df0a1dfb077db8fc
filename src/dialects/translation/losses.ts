/** What becomes of something that a target's dialect cannot carry. */
export type LossKind =
  /** Left out: the answer may differ, the request still means the same. The user's policy can refuse it. */
  | 'dropped'
  /** Said in another way that is not quite the same. The user's policy can refuse it. */
  | 'changed'
  /** Without it the request would mean something else: the target is not asked. */
  | 'refused';

/** A thing that got lost, by the name in the loss table (`loss-table.ts`), or by the name of a parameter that nobody else has. */
export interface Loss {
  readonly kind: LossKind;
  readonly name: string;
}

/** Notes what gets lost while a request is read and written. */
export class Losses {
  readonly #losses = new Map<string, LossKind>();

  drop(name: string): void {
    if (!this.#losses.has(name)) this.#losses.set(name, 'dropped');
  }

  change(name: string): void {
    if (!this.#losses.has(name)) this.#losses.set(name, 'changed');
  }

  refuse(name: string): void {
    this.#losses.set(name, 'refused');
  }

  /** In the order in which they were found. */
  list(): readonly Loss[] {
    return Array.from(this.#losses, ([name, kind]) => ({ kind, name }));
  }
}
