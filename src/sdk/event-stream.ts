import type { CallContext } from '../pipeline/call-context.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';

/** Which events an SDK's own stream hands to its reader. */
export interface StreamRule {
  /** Events without an `event:` field. */
  readonly unnamed: boolean;
  /** `event: ping`. */
  readonly ping: boolean;
}

/** What the SDK throws where a stream is read twice. */
export type ConsumedError = () => Error;

/**
 * The iterator function of an SDK `Stream` over events that are decoded and parsed already. It yields
 * what the SDK's own would, ends quietly on an abort as it does, and closes the upstream on `break`.
 */
export function iterateEvents(
  events: EventSource,
  context: CallContext,
  rule: StreamRule,
  consumedError: ConsumedError,
): () => AsyncIterator<unknown> {
  let consumed = false;
  const { controller } = context;
  return async function* iterator() {
    if (consumed) throw consumedError();
    consumed = true;
    let done = false;
    try {
      for (let batch = await events.pull(); batch !== null; batch = await events.pull()) {
        for (const event of batch) {
          if (isAborted(context)) return;
          if (isShown(event, rule)) yield event.json;
        }
      }
      done = true;
    } catch (error) {
      // Aborted, as the SDK would end: quietly.
      if (isAborted(context) && error instanceof Error && error.name === 'AbortError') return;
      throw error;
    } finally {
      if (!done) {
        events.cancel();
        controller.abort();
      }
    }
  };
}

/** Also by a caller whom the call, being over, no longer listens to. */
function isAborted({ signal, callerSignal }: CallContext): boolean {
  return signal.aborted || callerSignal?.aborted === true;
}

function isShown({ json, event }: StreamEvent, rule: StreamRule): boolean {
  if (json === undefined) return false;
  if (event === null) return rule.unnamed;
  return event !== 'ping' || rule.ping;
}
