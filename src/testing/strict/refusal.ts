import type { JsonObject } from '../json.js';
import type { FakeErrorBody } from '../reply.js';

/** Why a provider refuses a request, in its own words. */
export interface Refusal extends FakeErrorBody {
  readonly message: string;
  /** @defaultValue 400 */
  readonly status?: number | undefined;
  /** The whole body, where a provider's errors have a form of their own. */
  readonly json?: JsonObject | undefined;
}

/** A request as the rules look at it. */
export interface StrictRequest {
  readonly body: JsonObject;
  /** The model asked for; empty where none is. */
  readonly model: string;
  /** Value of `anthropic-version`. */
  readonly version: string;
  /** Whose rules a chat completion meets: `openai`, or that of a server of the same format. */
  readonly provider: string;
  /** The models there are; `undefined` where any will do. */
  readonly models: ReadonlySet<string> | undefined;
  /** Whether this provider has given out `seal` for `text`. */
  readonly isSealed: (seal: string, text: string) => boolean;
}

/** One thing that a provider insists on. */
export type Rule = (request: StrictRequest) => Refusal | undefined;

/** What the first rule says that is not kept. */
export function firstRefusal(rules: readonly Rule[], request: StrictRequest): Refusal | undefined {
  return firstOf(rules, (rule) => rule(request));
}

/** The first thing that is found at an item of a list. */
export function firstOf<Item, Found>(
  items: readonly Item[],
  find: (item: Item, index: number) => Found | undefined,
): Found | undefined {
  for (const [index, item] of items.entries()) {
    const found = find(item, index);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The name of a member that is not among those known. */
export function unknownMember(value: JsonObject, known: object): string | undefined {
  return Object.keys(value).find((name) => !(name in known) && value[name] !== undefined);
}

/** Whether a member says anything. */
export function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
