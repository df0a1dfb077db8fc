/** An object from parsed JSON. Its keys are data: read them, never assign them to another object. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A string with something in it, or `undefined`. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `value` as a list, empty where it is none. */
export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** `JSON.stringify` that does not throw on depth; what cannot be written is empty. */
export function stringify(value: unknown): string {
  try {
    return JSON.stringify(value) ?? '';
  } catch {
    return '';
  }
}

/** What stands at one step into a document. */
export function childOf(holder: unknown, step: string | number): unknown {
  if (typeof holder !== 'object' || holder === null || !Object.hasOwn(holder, step))
    return undefined;
  return Reflect.get(holder, step);
}

/** Puts a value at one step into a document. As its own property, whatever the name. */
export function setChild(holder: unknown, step: string | number, value: unknown): void {
  if (typeof holder !== 'object' || holder === null) return;
  if (step === '__proto__') {
    Object.defineProperty(holder, step, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    Reflect.set(holder, step, value);
  }
}

// Not in TypeScript's library yet; in Node since 22.
const rawJson: unknown = Reflect.get(JSON, 'rawJSON');
const MINUS_ZERO: unknown = typeof rawJson === 'function' ? rawJson('-0.0') : 0;

/** Spells JSON. Keeps the one number `JSON.stringify` does not: a certain token has the logprob `-0.0`. */
export function spell(value: unknown): string {
  const plain = JSON.stringify(value);
  if (!plain.includes('"logprob":0')) return plain;
  return JSON.stringify(value, (_, member: unknown) =>
    Object.is(member, -0) ? MINUS_ZERO : member,
  );
}
