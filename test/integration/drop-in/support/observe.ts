import { isOwnResponseHeader, ownErrorMembers, ownRequestOptions } from './differences.js';

/** A copy of anything, as plain data that can be compared deeply: classes by name, bytes as base64. */
export function plain(value: unknown, parents: readonly unknown[] = []): unknown {
  if (value === undefined) return '<undefined>';
  if (typeof value === 'function') return `<function ${value.name}>`;
  if (typeof value === 'symbol' || typeof value === 'bigint') return String(value);
  if (typeof value !== 'object' || value === null) return value;
  if (parents.includes(value)) return '<cycle>';
  const path = [...parents, value];
  if (Array.isArray(value)) return value.map((item) => plain(item, path));
  if (value instanceof Headers) return headersOf(value);
  if (value instanceof ArrayBuffer) return `bytes:${Buffer.from(value).toString('base64')}`;
  if (ArrayBuffer.isView(value)) {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    return `bytes:${bytes.toString('base64')}`;
  }
  if (value instanceof Response) return { '<class>': 'Response', status: value.status };
  return members(value, path);
}

/** Classes whose instances say nothing about an answer. */
const opaque = new Set(['AbortSignal', 'AbortController', 'OpenAI', 'AzureOpenAI', 'Anthropic']);

function members(value: object, path: readonly unknown[]): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  const name = prototype === Object.prototype || prototype === null ? '' : value.constructor.name;
  if (opaque.has(name)) return `<${name}>`;
  const entries = Object.getOwnPropertyNames(value).map((key) => {
    const member: unknown = Reflect.get(value, key);
    return [
      key,
      key === 'options' && name !== '' ? requestOptionsOf(member, path) : plain(member, path),
    ];
  });
  const copy = Object.fromEntries(entries);
  return name === '' ? copy : { '<class>': name, ...copy };
}

function requestOptionsOf(options: unknown, path: readonly unknown[]): unknown {
  if (typeof options !== 'object' || options === null) return plain(options, path);
  const kept = Object.entries(options).filter(([key]) => !ownRequestOptions.has(key));
  return plain(Object.fromEntries(kept), path);
}

/** Response headers, without those in which the two may differ. */
export function headersOf(headers: Headers): Record<string, string> {
  return Object.fromEntries([...headers].filter(([name]) => !isOwnResponseHeader(name)));
}

/** Everything of an error that an application can see; `Sdk` is the class that carries the SDK's errors. */
export function errorOf(error: unknown, Sdk: object): unknown {
  if (!(error instanceof Error)) return { thrown: plain(error) };
  const own = Object.getOwnPropertyNames(error).filter((name) => !ownErrorMembers.has(name));
  const errors = errorClasses(Sdk);
  const classes = errors.filter(([, Class]) => error instanceof Class).map(([name]) => name);
  return {
    '<class>': error.constructor.name,
    name: error.name,
    text: String(error),
    instanceOf: classes.sort(),
    isExactly: errors.find(([, Class]) => error.constructor === Class)?.[0] ?? null,
    hasCause: error.cause !== undefined,
    ...Object.fromEntries(own.map((name) => [name, plain(Reflect.get(error, name))])),
  };
}

type ErrorClass = new (...given: never[]) => Error;

/** The error classes that an SDK's client class carries as statics, its own and inherited. */
function errorClasses(Sdk: object): readonly (readonly [string, ErrorClass])[] {
  const inherited: unknown = Object.getPrototypeOf(Sdk);
  const own = Object.entries(Sdk).filter((entry): entry is [string, ErrorClass] => {
    return entry[0].endsWith('Error') && typeof entry[1] === 'function';
  });
  return typeof inherited === 'function' && inherited !== Function.prototype
    ? [...errorClasses(inherited), ...own]
    : own;
}

/** A response and its body as text, and what it says of itself before and after. */
export async function responseOf(response: Response): Promise<unknown> {
  const usedBefore = response.bodyUsed;
  const text = await response.text();
  return { ...headOf(response), usedBefore, text, usedAfter: response.bodyUsed };
}

/** What a response says without its body. */
export function headOf(response: Response): Record<string, unknown> {
  const { status, statusText, ok, redirected, type, url, headers } = response;
  return {
    status,
    statusText,
    ok,
    redirected,
    type,
    url: new URL(url).pathname,
    headers: headersOf(headers),
  };
}

/** All items of an iterable, each copied as it comes. */
export async function all(items: AsyncIterable<unknown>): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for await (const item of items) seen.push(plain(item));
  return seen;
}

/** The first `count` items, and then the reader goes away. */
export async function first(
  items: AsyncIterable<unknown>,
  count: number,
): Promise<readonly unknown[]> {
  const seen: unknown[] = [];
  for await (const item of items) {
    seen.push(plain(item));
    if (seen.length === count) break;
  }
  return seen;
}

/** All items of an iterable, as they are. */
export async function collect<Item>(items: AsyncIterable<Item>): Promise<readonly Item[]> {
  const seen: Item[] = [];
  for await (const item of items) seen.push(item);
  return seen;
}

/** The text of a byte stream. */
export async function textOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  return Buffer.concat(await collect(stream)).toString();
}
