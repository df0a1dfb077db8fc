import type { Path } from './canonical-events.js';
import { childOf, setChild } from './json.js';

/** A document that is written to without touching what it was made from. */
export class JsonDocument {
  root: unknown;
  readonly #copies = new Set<unknown>();

  constructor(root: unknown) {
    this.root = this.#own(root);
  }

  put(path: Path, value: unknown): void {
    let holder = this.root;
    path.forEach((step, depth) => {
      const next = depth === path.length - 1 ? value : this.#own(childOf(holder, step));
      setChild(holder, step, next);
      holder = next;
    });
  }

  #own(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || this.#copies.has(value)) return value;
    const copy: unknown = Array.isArray(value) ? value.slice() : { ...value };
    this.#copies.add(copy);
    return copy;
  }
}
