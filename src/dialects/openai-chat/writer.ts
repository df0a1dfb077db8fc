import type { DialectWriter } from '../dialect.js';
import { createFrameWriter, DONE, errorBodyOf, type StreamedEvent } from '../frame-writer.js';
import { isObject, type JsonObject, list } from '../json.js';
import { openaiUsage, timingsUsage } from '../usage.js';
import { MessageDraft } from './message-draft.js';

/** Members of a chunk that its body has in another form, or not at all. */
const CHUNK_ONLY: ReadonlySet<string> = new Set(['choices', 'object', 'obfuscation', 'p']);

/** Writes OpenAI chat completions. */
export const chatWriter: DialectWriter = createFrameWriter({
  dialect: 'openai-chat',
  normaliseUsage: (usage) => ('prompt_n' in usage ? timingsUsage(usage) : openaiUsage(usage)),
  toBody,
  toEvents,
});

interface ChoiceDraft {
  readonly index: number;
  readonly message: MessageDraft;
  readonly logprobs: MessageDraft;
  hasLogprobs: boolean;
  finishReason: unknown;
  rest: JsonObject;
}

function toBody(events: readonly StreamedEvent[]): unknown {
  const error = errorBodyOf(events);
  if (error !== undefined) return error;
  const members = new Map<string, unknown>();
  const drafts = new Map<number, ChoiceDraft>();
  for (const { payload } of events) {
    if (!isObject(payload)) continue;
    for (const [key, value] of Object.entries(payload)) {
      const news = value !== '' && (value !== null || !members.has(key));
      if (news && !CHUNK_ONLY.has(key)) members.set(key, value);
    }
    list(payload.choices).forEach((choice, position) => {
      if (isObject(choice)) addChoice(drafts, choice, position);
    });
  }
  const choices = [...drafts.values()].sort((a, b) => a.index - b.index).map(finishChoice);
  return { ...Object.fromEntries(members), object: 'chat.completion', choices };
}

function addChoice(drafts: Map<number, ChoiceDraft>, choice: JsonObject, position: number): void {
  const { index: given, delta, message, logprobs, finish_reason: reason, ...rest } = choice;
  const index = typeof given === 'number' ? given : position;
  const draft = drafts.get(index) ?? newChoice(index);
  drafts.set(index, draft);
  // Where a delta is, a message beside it only repeats it.
  const said = isObject(delta) ? delta : message;
  if (isObject(said)) draft.message.merge(said);
  if (isObject(logprobs)) {
    draft.hasLogprobs = true;
    draft.logprobs.merge(withoutContent(logprobs));
  }
  draft.finishReason ??= reason;
  draft.rest = { ...draft.rest, ...rest };
}
