import type { StreamEvent } from '../pipeline/event-source.js';

/** Characters of events that may be held back; more commits the stream. */
const MAX_HELD = 256 * 1024;

/** The events of a stream that has said nothing yet: held back until it has, so that it can be replaced unseen. */
export class HeldEvents {
  #events: StreamEvent[] | undefined = [];
  #size = 0;

  /** Whether events go straight through. */
  get isOpen(): boolean {
    return this.#events === undefined;
  }

  /** Lets events through from here on. */
  open(): void {
    this.#events = undefined;
  }

  /** Takes events; gives what may be handed over: all of it once `release` is set or too much is held. */
  pass(events: StreamEvent[], release: boolean): StreamEvent[] {
    const held = this.#events;
    if (held === undefined) return events;
    for (const event of events) {
      held.push(event);
      this.#size += event.data?.length ?? 0;
    }
    if (!release && this.#size <= MAX_HELD) return [];
    this.#events = undefined;
    return held;
  }

  /** Takes back what was held, to begin anew. */
  restart(): StreamEvent[] {
    const held = this.#events ?? [];
    this.#events = [];
    this.#size = 0;
    return held;
  }
}
