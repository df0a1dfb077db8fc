/** A Keyv storage adapter that keeps texts in a `Map`, and shows what was asked of it. */
export class MapAdapter {
  readonly values = new Map<string, string>();
  /** Keys in the order in which their values were stored. */
  readonly written: string[] = [];
  readonly deleted: string[] = [];
  /** Keyv sets and reads it. */
  namespace: string | undefined = undefined;
  /** Awaited before a value is stored. */
  beforeSet: (() => Promise<unknown>) | undefined;

  get(key: string): string | undefined {
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

  /** Changes the one entry's text inside of Keyv's envelope, or the envelope itself. */
  tamper(change: { readonly entry?: (text: string) => unknown; readonly raw?: string }): void {
    const [[key, envelope] = []] = this.values;
    if (key === undefined || envelope === undefined) throw new Error('nothing is stored');
    // What Keyv puts around a value.
    const { value, ...rest } = JSON.parse(envelope) as { readonly value: string };
    const changed = { ...rest, value: change.entry ? change.entry(value) : value };
    this.values.set(key, change.raw ?? JSON.stringify(changed));
  }
}
