import type { CanonicalEvent, FrameEvent } from './canonical-events.js';
import type { DialectName } from './dialect.js';
import { childOf } from './json.js';
import { JsonDocument } from './json-document.js';
import { Said } from './recorder.js';
import { reportedUsage, type UsageNormaliser } from './usage-writer.js';

/** A frame with the present values of its events back in their places. */
export interface Frame {
  readonly form: FrameEvent['form'];
  readonly name: string | null;
  readonly payload: unknown;
}

type ModelledEvent = Exclude<CanonicalEvent, FrameEvent>;

/** Whose frames are to be put together, and how that dialect counts usage. */
export interface FrameOwner {
  readonly dialect: DialectName;
  readonly normaliseUsage: UsageNormaliser;
}

/**
 * Puts frames together again: every event's present value where it stood, everything nobody modelled as
 * it was. An event that was taken out leaves its member out; one without slots has no place here.
 *
 * @throws TypeError where there is no frame of this dialect: that is translation, not writing back.
 */
export function* joinFrames(events: Iterable<CanonicalEvent>, owner: FrameOwner): Generator<Frame> {
  const said = new Said();
  let frame: FrameEvent | undefined;
  let inFrame: ModelledEvent[] = [];
  for (const event of events) {
    if (event.type !== 'frame') {
      said.add(event);
      inFrame.push(event);
      continue;
    }
    if (event.dialect !== owner.dialect) {
      throw new TypeError(`Cannot write ${event.dialect} frames as ${owner.dialect}.`);
    }
    if (frame !== undefined) yield fill({ frame, events: inFrame, said }, owner);
    frame = event;
    inFrame = [];
  }
  if (frame === undefined) throw new TypeError(`There is no ${owner.dialect} frame to write.`);
  yield fill({ frame, events: inFrame, said }, owner);
}

/** A frame, what stood in it, and what was said up to its end. */
interface Content {
  readonly frame: FrameEvent;
  readonly events: readonly ModelledEvent[];
  readonly said: Said;
}

function fill({ frame, events, said }: Content, { normaliseUsage }: FrameOwner): Frame {
  const document = new JsonDocument(frame.rest);
  for (const event of events) {
    if (!('slots' in event)) continue;
    for (const { field, path } of event.slots ?? []) {
      document.put(path, fieldOf(event, field, normaliseUsage));
    }
  }
  for (const { path, key } of frame.echoes) document.put(path, said.get(key));
  return { form: frame.form, name: frame.name, payload: document.root };
}

function fieldOf(event: ModelledEvent, field: string, normaliseUsage: UsageNormaliser): unknown {
  if (event.type === 'usage') return reportedUsage(event.usage, normaliseUsage);
  if (event.type === 'citations' && field === 'citation') return event.citations[0];
  return childOf(event, field);
}
