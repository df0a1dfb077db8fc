import type { DialectName } from '../../dialects/dialect.js';
import type { StreamEvent } from '../../pipeline/event-source.js';
import { ChatSplice } from './chat-splice.js';
import { MessagesSplice } from './messages-splice.js';
import type { OverlapCutter } from './overlap.js';

/** Why what was said so far cannot be gone on with. */
export type SaidObstacle =
  /** More than one choice. */
  | 'choices'
  | 'tool_call'
  | 'refusal'
  /** It was still reasoning, or has said nothing since. */
  | 'reasoning'
  | 'audio'
  /** Something that is no text. */
  | 'content'
  /** The answer had said how it ends. */
  | 'finished';

/**
 * Puts several streams of one wire format together, so that they look like one: follows what is handed over, and
 * writes the events of later parts as the first one would have gone on.
 */
export interface Splice {
  /** Follows an event that is handed over. */
  watch(event: StreamEvent): void;
  /** Why what was handed over cannot be gone on with; `undefined` where it can. */
  readonly obstacle: SaidObstacle | undefined;
  /** Another part begins; `cutter` takes the repetition out of its text. */
  begin(cutter: OverlapCutter): void;
  /** What is handed over for an event of that part. */
  rewrite(event: StreamEvent): readonly StreamEvent[];
}

/** A splice for a dialect; `undefined` for one whose answers cannot be gone on with. */
export function createSplice(dialect: DialectName): Splice | undefined {
  if (dialect === 'openai-chat') return new ChatSplice();
  return dialect === 'anthropic-messages' ? new MessagesSplice() : undefined;
}
