import type { FakeProvider, RecordedRequest } from 'zerohop/testing';

export const quiet = { logLevel: 'off', maxRetries: 0 } as const;

/** Headers by which a caller is known, or that a caller adds. */
const headers = {
  authorization: 'Bearer canary-a',
  'openai-organization': 'canary-a',
  'anthropic-workspace-id': 'canary-a',
  'anthropic-beta': 'canary-a',
  cookie: 'canary-a',
  'x-api-key': 'canary-a',
  'x-tenant': 'canary-a',
};

/** The caller's own way out: nobody else is to take it. */
const fetchOptions = {
  dispatcher: {
    dispatch: () => {
      throw new Error('it went by the way of the caller');
    },
    // All that a transport asks of one.
  } as never,
};

/** One canary in every slot of a client. */
export const canaryClient = {
  ...quiet,
  apiKey: 'canary-a',
  defaultHeaders: headers,
  defaultQuery: { tenant: 'canary-a' },
  fetchOptions,
};

/** And one in every slot of a request beside its body. */
export const canaryRequest = {
  headers,
  query: { key: 'canary-a' },
  idempotencyKey: 'canary-a',
  fetchOptions,
};

/** All that went over the wire. */
export function wireOf({ target, rawHeaders, text }: RecordedRequest): string {
  return JSON.stringify([target, rawHeaders, text]);
}

/** The one request that a provider got. */
export function onlyRequest({ requests }: FakeProvider): RecordedRequest {
  const [first, ...rest] = requests;
  if (first === undefined || rest.length > 0) throw new Error(`${requests.length} requests`);
  return first;
}

/** How `work` failed. */
export async function failureOf(work: PromiseLike<unknown>): Promise<unknown> {
  try {
    await work;
  } catch (error) {
    return error;
  }
  throw new Error('it did not fail');
}

/** An object that nobody can change in any part. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
