import type { CanonicalEvent } from './canonical-events.js';
import type { DialectWriter, StreamedEvent, WrittenEvent } from './dialect.js';
import { type Frame, type FrameOwner, joinFrames } from './frames.js';
import { isObject, spell } from './json.js';

/** What a dialect knows about its two modes. */
export interface Modes extends FrameOwner {
  /** The body that the events of a stream amount to. */
  readonly toBody: (events: readonly StreamedEvent[]) => unknown;
  /** The events that a body would have been streamed as. */
  readonly toEvents: (body: unknown) => Iterable<StreamedEvent>;
}

/** The sentinel of the OpenAI chat and completions streams. */
export const DONE: StreamedEvent = { name: null, payload: undefined };

/**
 * Makes the writer of a dialect: frames of the mode that is asked for are put together again, those of
 * the other mode are turned.
 */
export function createFrameWriter(modes: Modes): DialectWriter {
  return {
    body: modes.toBody,
    json(events: Iterable<CanonicalEvent>): unknown {
      const streamed: StreamedEvent[] = [];
      for (const frame of joinFrames(events, modes)) {
        if (frame.form === 'body') return frame.payload;
        streamed.push(asStreamed(frame));
      }
      return modes.toBody(streamed);
    },
    *sse(events: Iterable<CanonicalEvent>): Generator<WrittenEvent> {
      for (const frame of joinFrames(events, modes)) {
        if (frame.form === 'body')
          for (const event of modes.toEvents(frame.payload)) yield write(event);
        else yield write(asStreamed(frame));
      }
    },
  };
}

/** The first error event of a stream, as the body it would have been. */
export function errorBodyOf(events: readonly StreamedEvent[]): unknown {
  return events.find(({ payload }) => isObject(payload) && isObject(payload.error))?.payload;
}

function asStreamed({ form, name, payload }: Frame): StreamedEvent {
  return form === 'done' ? DONE : { name, payload };
}

function write(event: StreamedEvent): WrittenEvent {
  const data = event === DONE ? '[DONE]' : spell(event.payload);
  return { event: event.name, data };
}
