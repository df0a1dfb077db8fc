// Its members are overridden one by one; the lib's types forbid that for properties, so they are left out.
const HeadersBase = Headers as unknown as new () => object;

/** A header name (RFC 9110 §5.6.2). */
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * Response headers as they came, read without building the fetch standard's header list: the SDKs read
 * three or four of twenty. Everything a `Headers` does works; what needs the list builds it once.
 */
export class GatewayHeaders extends HeadersBase implements Headers {
  readonly #pairs: Map<string, string> = new Map();
  readonly #base: Headers | undefined;
  #cookies: string[] | undefined;
  #later: Map<string, () => string | undefined> | undefined;
  #built: Headers | undefined;

  /** @param given name and value by turns (names in any case, repeated names in order), or headers to lay ours over */
  constructor(given: readonly string[] | Headers) {
    super();
    if (!Array.isArray(given)) {
      this.#base = given as Headers;
      return;
    }
    for (let index = 0; index + 1 < given.length; index += 2) {
      this.#add(given[index].toLowerCase(), given[index + 1]);
    }
  }

  #add(name: string, value: string): void {
    if (name === 'set-cookie') {
      this.#cookies ??= [];
      this.#cookies.push(value);
      return;
    }
    const earlier = this.#pairs.get(name);
    this.#pairs.set(name, earlier === undefined ? value.trim() : `${earlier}, ${value.trim()}`);
  }

  get #list(): Headers {
    if (this.#built === undefined) {
      this.#workOutAll();
      this.#built = new Headers(this.#base);
      for (const [name, value] of this.#pairs) this.#built.set(name, value);
      for (const cookie of this.#cookies ?? []) this.#built.append('set-cookie', cookie);
    }
    return this.#built;
  }

  /** Sets a header whose name is lower case and whose value is known to be clean: ours. */
  setOwn(name: string, value: string): void {
    if (this.#built) this.#built.set(name, value);
    else this.#pairs.set(name, value);
  }

  /** Sets one of ours whose value is worked out when someone asks for it; nothing where there is none. */
  setOwnLater(name: string, value: () => string | undefined): void {
    this.#later ??= new Map();
    this.#later.set(name, value);
    if (this.#built) this.#workOutAll();
  }

  #workOutAll(): void {
    for (const name of this.#later?.keys() ?? []) this.#workOut(name);
  }

  #workOut(name: string): void {
    const value = this.#later?.get(name);
    if (value === undefined) return;
    this.#later?.delete(name);
    const text = value();
    if (text !== undefined) this.setOwn(name, text);
  }

  get(name: string): string | null {
    const key = name.toLowerCase();
    if (this.#later) this.#workOut(key);
    if (this.#built) return this.#built.get(name);
    const own = this.#pairs.get(key);
    if (own !== undefined) return own;
    if (this.#base) return this.#base.get(name);
    // The list also knows cookies, and what is no name at all.
    return this.#cookies || !TOKEN.test(name) ? this.#list.get(name) : null;
  }
  has(name: string): boolean {
    return this.get(name) !== null;
  }
  append(name: string, value: string): void {
    this.#list.append(name, value);
  }
  set(name: string, value: string): void {
    this.#list.set(name, value);
  }
  delete(name: string): void {
    this.#list.delete(name);
  }
  getSetCookie(): string[] {
    return this.#list.getSetCookie();
  }
  forEach(
    callback: (value: string, key: string, parent: Headers) => void,
    thisArg?: unknown,
  ): void {
    for (const [name, value] of this.entries()) callback.call(thisArg, value, name, this);
  }
  entries(): ReturnType<Headers['entries']> {
    // The SDKs look through them before there is anything of ours.
    const isAsGiven = !this.#built && !this.#later && this.#pairs.size === 0;
    if (this.#base && isAsGiven) return this.#base.entries();
    if (this.#built || this.#base || this.#cookies) return this.#list.entries();
    this.#workOutAll();
    // What the list would give: by name. An array's iterator is one to whoever iterates.
    const sorted = [...this.#pairs].sort(([one], [other]) => (one < other ? -1 : 1));
    return sorted[Symbol.iterator]() as ReturnType<Headers['entries']>;
  }
  keys(): ReturnType<Headers['keys']> {
    return this.#list.keys();
  }
  values(): ReturnType<Headers['values']> {
    return this.#list.values();
  }
  [Symbol.iterator](): ReturnType<Headers['entries']> {
    return this.entries();
  }
}
