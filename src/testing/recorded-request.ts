import type { FormPart } from './wire/multipart.js';

/** How the answering of one request ended. `client-closed` means the socket went away before the answer was complete. */
export type RequestOutcome = 'pending' | 'finished' | 'client-closed' | 'server-closed';

/** One request as the fake provider received it. */
export interface RecordedRequest {
  /** Position among the requests since the last `reset()`, from 0. */
  readonly index: number;
  /** Number of the connection it came in on, from 1; 0 when there is no socket. */
  readonly connection: number;
  readonly method: string;
  /** Path and query exactly as they stood in the request line. */
  readonly target: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Header names in lower case; repeated headers are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** Names and values in turn, as sent. */
  readonly rawHeaders: readonly string[];
  readonly body: Uint8Array;
  /** The body read as UTF-8. */
  readonly text: string;
  /** The body parsed as JSON; `undefined` when it is not JSON. */
  readonly json: unknown;
  /** The parts of a `multipart/form-data` body; empty for any other. */
  readonly form: readonly FormPart[];
  /** `Date.now()` when the last byte of the request had arrived. */
  readonly receivedAt: number;
  /** How answering it ended, `pending` while it lasts. */
  readonly outcome: RequestOutcome;
  /** `Date.now()` when the outcome was known. */
  readonly settledAt: number | undefined;
  /** Settles with the outcome; never rejects. Await it instead of sleeping. */
  readonly settled: Promise<RequestOutcome>;
}
