const EVENTS = ['unhandledRejection', 'uncaughtExceptionMonitor', 'warning'] as const;

/** Notes everything that a process should not have to say. */
export class ProcessGuard {
  readonly #seen: string[] = [];
  readonly #listeners = EVENTS.map((name) => {
    const listener = (value: unknown) => void this.#seen.push(`${name}: ${String(value)}`);
    process.on(name, listener);
    return () => void process.off(name, listener);
  });

  /** Stops, and tells what was seen. */
  async stop(): Promise<readonly string[]> {
    // A rejection counts as unhandled only once the microtasks are through.
    for (let turn = 0; turn < 2; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    for (const remove of this.#listeners) remove();
    return this.#seen;
  }
}
