import { type CallIdentity, digest, sortHeaders } from '../pipeline/call-identity.js';
import type { ClientMembers, SdkClient, SdkRequestOptions } from './client-types.js';
import { ownFetch } from './clone-client.js';
import { rowsOf } from './merge-headers.js';

/** How many of a client’s members say where and who; the two behind them are in no body. */
const WHERE_AND_WHO = 6;
const MEMBERS = 8;

/** Options of a client that say who calls: keys, tokens, credentials, profiles, regions, and what provides or signs them. */
const WHO =
  /key|token|secret|credential|auth|identity|profile|provider|account|region|organi[sz]ation|project|middleware/i;

/** Stand for what cannot be read: functions and objects that hand out credentials. */
const strangers = new WeakMap<object, string>();

function nameOf(stranger: object): string {
  let name = strangers.get(stranger);
  if (name === undefined) {
    name = crypto.randomUUID();
    strangers.set(stranger, name);
  }
  return name;
}

interface Known {
  readonly seen: readonly unknown[];
  readonly identity: CallIdentity;
}
const known = new WeakMap<SdkClient, Known>();

/** Who calls with a client, and how. Worked out once, until the client is changed or a request has headers or a query of its own. */
export function identityOf(client: SdkClient, options: SdkRequestOptions): CallIdentity {
  const seen = lookAt(client);
  if (options.headers !== undefined || options.query !== undefined) {
    return readIdentity(client, seen, options);
  }
  const before = known.get(client);
  if (before && isSame(before.seen, seen)) return before.identity;
  const identity = readIdentity(client, seen, options);
  known.set(client, { seen, identity });
  return identity;
}

/** All of a client that may change from one call to the next: its members first, then what the application still holds. */
function lookAt(client: SdkClient): readonly unknown[] {
  // Any client may be asked for them. By name, one after another: each call pays for it.
  const members: ClientMembers = client;
  const { defaultHeaders, defaultQuery } = client._options ?? {};
  const seen = [
    textOr(members.baseURL),
    textOr(members.apiKey),
    textOr(members.authToken),
    textOr(members.adminAPIKey),
    textOr(members.organization),
    textOr(members.project),
    textOr(members.deploymentName),
    textOr(members.apiVersion),
  ];
  if (defaultHeaders) see(defaultHeaders, seen);
  if (defaultQuery) see(defaultQuery, seen);
  return seen;
}

/** Anthropic's client has a resource by the name of `organization`. */
function textOr(member: unknown): unknown {
  return typeof member === 'string' ? member : undefined;
}

function see(given: unknown, seen: unknown[]): void {
  for (const [name, value] of rowsOf(given)) seen.push(name, comparable(value));
}

/** What is in an object may have changed: it is like nothing, itself included. */
function comparable(value: unknown): unknown {
  return typeof value === 'object' && value !== null ? Number.NaN : value;
}

function isSame(before: readonly unknown[], now: readonly unknown[]): boolean {
  return before.length === now.length && before.every((value, index) => value === now[index]);
}

function readIdentity(
  client: SdkClient,
  members: readonly unknown[],
  { headers: own, query }: SdkRequestOptions,
): CallIdentity {
  const given = client._options ?? {};
  const who: unknown[] = [client.constructor.name];
  let hasProvider = false;
  for (const [name, value] of Object.entries(given)) {
    if (!WHO.test(name) || value === undefined || value === null) continue;
    if (Array.isArray(value) && value.length === 0) continue;
    const isStranger = typeof value === 'function' || typeof value === 'object';
    hasProvider ||= isStranger;
    who.push(name, isStranger ? nameOf(value) : value);
  }
  // A fetch of the user's may sign requests in its own way.
  const fetch = ownFetch(client);
  if (fetch) who.push(nameOf(fetch));
  // What a provider handed out last is in the members, and will be another one soon.
  who.push(...(hasProvider ? [] : members.slice(1, WHERE_AND_WHO)));
  const hasKey = members.slice(1, 4).some((value) => typeof value === 'string' && value !== '');
  const { credentials, headers } = sortHeaders([...rowsOf(given.defaultHeaders), ...rowsOf(own)]);
  // Credentials from files or the surroundings, which nobody here has seen.
  if (!hasProvider && !hasKey && credentials.length === 0) who.push(nameOf(client));
  const { defaultQuery } = given;
  return {
    origin: client.baseURL,
    query: [defaultQuery, query, members.slice(WHERE_AND_WHO, MEMBERS)],
    credential: digest([who, credentials]),
    headers,
  };
}
