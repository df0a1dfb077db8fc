import { type ByteSource, sourceFromStream } from '../pipeline/byte-source.js';
import type { EventSource, StreamEvent } from '../pipeline/event-source.js';
import { GatewayResponse, payloadSource } from '../pipeline/gateway-response.js';
import { SseDecoder } from './sse-decoder.js';
import type { SseFrame } from './sse-frame.js';

/** The events of any response's body, which counts as used from here on. */
export function readEvents(response: Response): EventSource {
  if (response instanceof GatewayResponse && response.peekPayload()) {
    const payload = response.takePayload();
    return payload.kind === 'events' ? payload.events : decodeEvents(payloadSource(payload));
  }
  return response.body
    ? decodeEvents(sourceFromStream(response.body))
    : { pull: () => Promise.resolve(null), cancel: () => undefined };
}

function decodeEvents(source: ByteSource): EventSource {
  const decoder = new SseDecoder();
  let ended = false;
  return {
    async pull() {
      while (!ended) {
        const frames: SseFrame[] = [];
        const chunk = await source.pull();
        if (chunk === null) {
          ended = true;
          decoder.flush(frames);
        } else decoder.push(chunk, frames);
        if (frames.length > 0) return frames.map(toEvent);
      }
      return null;
    },
    cancel: (reason) => source.cancel(reason),
  };
}

function toEvent({ event, data, raw }: SseFrame): StreamEvent {
  return { event, data, raw, json: parseData(data) };
}

function parseData(data: string | null): unknown {
  if (data === null || data === '' || data.startsWith('[DONE]')) return undefined;
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
