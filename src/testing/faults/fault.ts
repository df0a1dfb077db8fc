/** Where in an answer something happens: before the status line, after the headers, after so many events, or after so many body bytes. A body that is not a stream counts as one event. */
export type FaultPoint =
  | 'start'
  | 'headers'
  | { readonly events: number }
  | { readonly bytes: number };

interface Common {
  /** Only the first so many requests with the same fault meet it; later ones are answered normally. @defaultValue every request */
  readonly times?: number | undefined;
  /** Tells equal faults apart, so that each counts its own `times`. */
  readonly key?: string | undefined;
}

/** Ends or stops the answer early: TCP reset, unfinished FIN, a clean end of the body, or silence. */
export interface CutFault extends Common {
  readonly kind: 'reset' | 'close' | 'end' | 'hang';
  /** @defaultValue `'start'` for reset, close and hang; `{ events: 1 }` for end */
  readonly after?: FaultPoint | undefined;
  /** Pause before the cut so that the client can read what was sent. @defaultValue 20 ms */
  readonly lingerMs?: number | undefined;
}

/** Promises the whole body in content-length, sends the first `bytes` (half by default), then closes. */
export interface ShortBodyFault extends Common {
  readonly kind: 'short-body';
  readonly bytes?: number | undefined;
}

/** Leaves out the end of a stream and ends cleanly: every closing event, or only the `[DONE]` / `message_stop` marker. */
export interface NoTerminalFault extends Common {
  readonly kind: 'no-terminal' | 'no-done';
}

/** Puts an event that is not JSON into a stream; a JSON body is cut in the middle of its text. */
export interface MalformedFault extends Common {
  readonly kind: 'malformed';
  /** @defaultValue 1 */
  readonly afterEvents?: number | undefined;
}

/** Puts the dialect's own error event into a stream and ends it there. */
export interface ErrorEventFault extends Common {
  readonly kind: 'error-event';
  /** 0 makes it the first event. @defaultValue 1 */
  readonly afterEvents?: number | undefined;
  readonly type?: string | undefined;
  readonly message?: string | undefined;
}

/** Answers an error status in the dialect's own error shape. */
export interface StatusFault extends Common {
  readonly kind: 'status';
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly message?: string | undefined;
  readonly type?: string | undefined;
  readonly code?: string | undefined;
}

/** Answers with the HTML page of a proxy. */
export interface HtmlFault extends Common {
  readonly kind: 'html';
  /** @defaultValue 502 */
  readonly status?: number | undefined;
}

/** Sends the body as gzip: truly, cut short, or only in name. */
export interface GzipFault extends Common {
  readonly kind: 'gzip';
  /** @defaultValue `'ok'` */
  readonly mode?: 'ok' | 'lie' | 'truncated' | undefined;
}

/** Redirects. Without `to` it points at the same path below `/landed`, where faults named in the request are ignored. */
export interface RedirectFault extends Common {
  readonly kind: 'redirect';
  /** @defaultValue 307 */
  readonly status?: number | undefined;
  readonly to?: string | undefined;
}

/** Changes pacing only, so that a header or path can ask for it. */
export interface PaceFault extends Common {
  readonly kind: 'pace';
  readonly headersDelayMs?: number | undefined;
  readonly gapMs?: number | undefined;
  readonly chunkSize?: number | undefined;
  readonly bytesPerWrite?: number | undefined;
  readonly newline?: '\n' | '\r\n' | '\r' | undefined;
  readonly comment?: string | undefined;
}

/** Something that goes wrong with an answer, down to the bytes. Several apply together. */
export type Fault =
  | CutFault
  | ShortBodyFault
  | NoTerminalFault
  | MalformedFault
  | ErrorEventFault
  | StatusFault
  | HtmlFault
  | GzipFault
  | RedirectFault
  | PaceFault;
