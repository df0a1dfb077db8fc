/**
 * What the gateway knows of a provider SDK's client. A client is known by what it can do, never by
 * `instanceof`: applications carry two copies, or two majors, of the same SDK.
 */

/** A client made by `new OpenAI()`, `new Anthropic()` or a class derived from them. */
export interface WrappableClient {
  baseURL: string;
  maxRetries: number;
  timeout: number;
  withOptions(options: never): WrappableClient;
}

/** The SDKs' `FinalRequestOptions`, as far as the gateway reads and writes them. */
export interface SdkRequestOptions {
  method: string;
  path: string;
  body?: unknown;
  query?: unknown;
  headers?: unknown;
  stream?: boolean | undefined;
  signal?: AbortSignal | null | undefined;
  timeout?: number | undefined;
  maxRetries?: number | undefined;
  idempotencyKey?: string | undefined;
  fetchOptions?: Record<PropertyKey, unknown> | undefined;
  __metadata?: Record<string, unknown> | undefined;
  __binaryResponse?: boolean | undefined;
  __streamClass?: unknown;
  __streamMode?: unknown;
  __synthesizeEventData?: boolean | undefined;
}

/** The SDKs' `APIResponseProps`: what an `APIPromise` is made over. */
export interface SdkResponseProps {
  readonly response: Response;
  readonly options: SdkRequestOptions;
  readonly controller: AbortController;
  readonly requestLogID: string;
  readonly retryOfRequestLogID: undefined;
  readonly startTime: number;
}

/** The SDKs' `APIPromise`. */
export interface SdkPromise extends Promise<unknown> {
  asResponse(): Promise<Response>;
}

/** The SDKs' `Stream`. */
export interface SdkStream extends AsyncIterable<unknown> {
  readonly controller: AbortController;
  tee(): [SdkStream, SdkStream];
}

/** Parses a response the way the SDK does, or the way the gateway has a quicker one for. */
export type ParseResponse = (client: unknown, props: SdkResponseProps) => unknown;

/** What an application may change on a client while it runs: where it calls, who calls, and how. */
export interface ClientMembers {
  readonly baseURL?: unknown;
  readonly apiKey?: unknown;
  readonly authToken?: unknown;
  readonly adminAPIKey?: unknown;
  readonly organization?: unknown;
  readonly project?: unknown;
  readonly deploymentName?: unknown;
  readonly apiVersion?: unknown;
  readonly timeout?: unknown;
}

/** The internals of a client that the gateway calls. All of them exist in both SDKs and all their majors. */
export interface SdkClient extends WrappableClient {
  request(options: unknown, remainingRetries?: number | null): SdkPromise;
  requestAPIList(page: unknown, options: unknown): SdkPromise;
  makeStatusError?(
    status: number,
    body: unknown,
    message: string | undefined,
    headers: Headers,
  ): Error;
  _makeUserAbortError?: unknown;
  idempotencyHeader?: string | undefined;
  fetch?: unknown;
  logLevel?: unknown;
  _options?: Record<string, unknown> | undefined;
}

/** Whether `value` is a client that can be wrapped. */
export function isSdkClient(value: unknown): value is SdkClient {
  if (typeof value !== 'object' || value === null) return false;
  return ['request', 'requestAPIList', 'withOptions', 'buildRequest'].every(
    (name) => typeof Reflect.get(value, name) === 'function',
  );
}
