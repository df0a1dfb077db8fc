import type {
  CanonicalEvent,
  CanonicalSink,
  Echo,
  FrameEvent,
  Path,
  Place,
  Slot,
  StartEvent,
  TextEvent,
  ToolArgumentsEvent,
  ToolCallEvent,
} from './canonical-events.js';
import type { DialectName } from './dialect.js';
import { JsonDocument } from './json-document.js';

type FrameHead = Pick<FrameEvent, 'form' | 'name'>;
type ModelledEvent = Exclude<CanonicalEvent, FrameEvent>;
type StartField = keyof Omit<StartEvent, 'type' | 'slots'>;

/** The one place of the one field of an event. */
export function slot(field: string, path: Path): readonly Slot[] {
  return [{ field, path }];
}

/** The key under which `Said` keeps the words of a place. */
export function keyOf(type: string, { choice, block, part }: Place): string {
  return `${type}/${choice}/${block}/${part}`;
}

/** What events have said so far, by key: what an {@link Echo} repeats. */
export class Said {
  readonly #values = new Map<string, string | number>();

  get(key: string): string | number | undefined {
    return this.#values.get(key);
  }

  /** Where the same words stand in another part of the block: servers count its parts in two ways. */
  keyInBlock({ type, choice, block, text }: TextEvent | ToolArgumentsEvent): string | undefined {
    const head = `${type}/${choice}/${block}/`;
    for (const [key, value] of this.#values) {
      if (value === text && key.startsWith(head)) return key;
    }
    return undefined;
  }

  add(event: ModelledEvent): void {
    switch (event.type) {
      case 'text':
      case 'refusal':
      case 'reasoning':
      case 'reasoning-summary':
      case 'tool-arguments': {
        const key = keyOf(event.type, event);
        this.#values.set(key, `${this.#values.get(key) ?? ''}${event.text}`);
        break;
      }
      case 'tool-call':
        this.#set(keyOf('call-id', event), event.id);
        this.#set(keyOf('call-name', event), event.name);
        break;
      case 'start':
        for (const [field, value] of Object.entries(event)) this.#set(field, value);
        break;
      default:
        break;
    }
  }

  #set(key: string, value: unknown): void {
    if (typeof value === 'string' || typeof value === 'number') this.#values.set(key, value);
  }
}

/**
 * Records what a reader reads as canonical events: collects the events of a frame, takes their values
 * out of a copy of the payload, and hands both to the sink.
 */
export class Recorder {
  readonly #sink: CanonicalSink;
  readonly #dialect: DialectName;
  readonly #said = new Said();
  #events: ModelledEvent[] = [];
  #echoes: Echo[] = [];

  constructor(dialect: DialectName, sink: CanonicalSink) {
    this.#dialect = dialect;
    this.#sink = sink;
  }

  add(event: ModelledEvent): void {
    this.#said.add(event);
    this.#events.push(event);
  }

  /**
   * Records words that stand whole where pieces of them may have come before: the first time they are
   * an event, later an echo, and left alone where they are something else.
   */
  addWhole(event: Extract<ModelledEvent, { text: string }>, path: Path): void {
    const key = keyOf(event.type, event);
    const said = this.#said.get(key);
    const elsewhere = said || event.text === '' ? undefined : this.#said.keyInBlock(event);
    if (elsewhere !== undefined) this.#echoes.push({ path, key: elsewhere });
    // One that was announced empty is said here.
    else if (said === undefined || said === '') this.add({ ...event, slots: slot('text', path) });
    else if (said === event.text && said !== '') this.#echoes.push({ path, key });
  }

  /** Records a tool call: an event the first time, echoes of its id and name after that. */
  addCall(event: ToolCallEvent): void {
    if (this.#said.get(keyOf('call-id', event)) === undefined) {
      this.add(event);
      return;
    }
    for (const { field, path } of event.slots ?? []) {
      const key = keyOf(`call-${field}`, event);
      const value = field === 'id' ? event.id : event.name;
      if (this.#said.get(key) === value) this.#echoes.push({ path, key });
    }
  }

  /** Records a place that repeats words; left alone where it says something else. */
  addEcho(key: string, text: unknown, path: Path): void {
    if (text !== '' && this.#said.get(key) === text) this.#echoes.push({ path, key });
  }

  /** Records that the words of the last event of this frame stand at a second place too. */
  addCopy(text: unknown, path: Path): void {
    const index = this.#events.findLastIndex((event) => 'text' in event && event.text === text);
    const event = this.#events[index];
    if (text === '' || event === undefined || !('slots' in event)) return;
    this.#events[index] = { ...event, slots: [...(event.slots ?? []), { field: 'text', path }] };
  }

  /** Records a fact about the whole answer: an event where it is news, an echo where it is not. */
  addStart(field: StartField, value: unknown, path: Path): void {
    if (typeof value !== 'string' && typeof value !== 'number') return;
    if (this.#said.get(field) === value) this.#echoes.push({ path, key: field });
    else this.#addStartField(field, value, path);
  }

  /** Ends a frame that held `payload`. */
  endFrame(head: FrameHead, payload: unknown): void {
    const events = this.#events;
    const echoes = this.#echoes;
    this.#events = [];
    this.#echoes = [];
    if (this.#sink.skipsFrames) {
      for (const event of events) this.#sink.onEvent(event);
      return;
    }
    const document = new JsonDocument(payload);
    for (const { path } of echoes) document.put(path, undefined);
    for (const event of events) {
      if (!('slots' in event)) continue;
      for (const { path } of event.slots ?? []) document.put(path, undefined);
    }
    const { root: rest } = document;
    this.#sink.onEvent({ type: 'frame', dialect: this.#dialect, ...head, rest, echoes });
    for (const event of events) this.#sink.onEvent(event);
  }

  #addStartField(field: StartField, value: string | number, path: Path): void {
    const open = this.#events.at(-1);
    const event = { ...(open?.type === 'start' ? open : undefined), type: 'start' as const };
    const slots = [...((open?.type === 'start' && open.slots) || []), { field, path }];
    if (open?.type === 'start') this.#events.pop();
    this.add({ ...event, [field]: value, slots });
  }
}
