import type { Logger } from '../pipeline/contract.js';
import { isThenable } from '../pipeline/is-thenable.js';
import { refuse } from '../pipeline/option-checks.js';
import type { GatewayEvents } from './gateway.js';

type Listener = (event: never) => unknown;

/** Who listens to the events of a gateway. What a listener throws is its own affair. */
export class Listeners {
  readonly #logger: Logger;
  readonly #track: (work: PromiseLike<unknown>) => void;
  readonly #all: Readonly<Record<keyof GatewayEvents, Set<Listener>>> = {
    settled: new Set(),
    'target-changed': new Set(),
    budget: new Set(),
  };

  /** @param track takes the promises of async listeners */
  constructor(logger: Logger, track: (work: PromiseLike<unknown>) => void) {
    this.#logger = logger;
    this.#track = track;
  }

  has(name: keyof GatewayEvents): boolean {
    return this.#all[name].size > 0;
  }

  /** Adds a listener; returns what removes it. */
  add<Name extends keyof GatewayEvents>(
    name: Name,
    listener: (event: GatewayEvents[Name]) => unknown,
  ): () => void {
    if (!Object.hasOwn(this.#all, name)) {
      refuse('gateway.on', `no such event; there are ${Object.keys(this.#all).join(', ')}`);
    }
    // A function of its own, so that the same listener can be added twice.
    const own = (event: GatewayEvents[Name]) => listener(event);
    this.#all[name].add(own);
    return () => this.#all[name].delete(own);
  }

  tell<Name extends keyof GatewayEvents>(name: Name, event: GatewayEvents[Name]): void {
    for (const listener of this.#all[name]) {
      try {
        // add() put it under the name of its event.
        const result = (listener as (told: GatewayEvents[Name]) => unknown)(event);
        if (isThenable(result)) this.#track(result);
      } catch (error) {
        this.#complain(name, error);
      }
    }
  }

  #complain(name: string, error: unknown): void {
    try {
      this.#logger.error?.(`a ${name} listener threw`, { error: String(error) });
    } catch {
      // A logger that fails must not fail a call.
    }
  }
}
