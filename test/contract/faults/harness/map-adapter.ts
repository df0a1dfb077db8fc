/** A Keyv storage adapter that keeps texts in a `Map`, and shows what was asked of it. */
export class MapAdapter {
  readonly values = new Map<string, string>();
  /** Keys in the order in which their values were stored. */
  readonly written: string[] = [];
  readonly deleted: string[] = [];
  reads = 0;
  /** Keyv sets and reads it. */
  namespace: string | undefined = undefined;
  /** Awaited before a value is stored. */
  beforeSet: (() => Promise<unknown>) | undefined;

  get(key: string): string | undefined {
    this.reads += 1;
    return this.values.get(key);
  }

  async set(key: string, value: string): Promise<boolean> {
    await this.beforeSet?.();
    this.values.set(key, value);
    this.written.push(key);
    return true;
  }

  async delete(key: string): Promise<boolean> {
    this.deleted.push(key);
    return this.values.delete(key);
  }

  async clear(): Promise<void> {
    this.values.clear();
  }

  /** Changes the texts of entries inside of Keyv's envelopes, or the envelopes themselves. */
  tamper(change: { readonly entry?: (text: string) => unknown; readonly raw?: string }): void {
    for (const [key, envelope] of this.values) {
      // What Keyv puts around a value.
      const { value, ...rest } = JSON.parse(envelope) as { readonly value: string };
      const changed = { ...rest, value: change.entry ? change.entry(value) : value };
      this.values.set(key, change.raw ?? JSON.stringify(changed));
    }
  }
}
