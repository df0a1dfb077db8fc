import type { DialectWriter, StreamedEvent } from '../dialect.js';
import { createFrameWriter, DONE, errorBodyOf } from '../frame-writer.js';
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

const NO_MESSAGE: JsonObject = {};

interface ChoiceDraft {
  readonly index: number;
  readonly message: MessageDraft;
  logprobs: MessageDraft | undefined;
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
  // Groq's bodies have in `usage` what its streams may have only there.
  const groq = members.get('x_groq');
  if (!isObject(members.get('usage')) && isObject(groq) && isObject(groq.usage)) {
    members.set('usage', groq.usage);
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
  if (isObject(logprobs)) draft.logprobs = (draft.logprobs ?? new MessageDraft()).merge(logprobs);
  draft.finishReason ??= reason;
  draft.rest = { ...draft.rest, ...rest };
}

function newChoice(index: number): ChoiceDraft {
  const message = new MessageDraft().merge({ role: 'assistant', content: null, refusal: null });
  return { index, message, logprobs: undefined, finishReason: null, rest: {} };
}

function finishChoice({ index, message, logprobs, finishReason, rest }: ChoiceDraft): JsonObject {
  return {
    ...rest,
    index,
    message: message.finish(),
    logprobs: logprobs?.finish() ?? null,
    finish_reason: finishReason,
  };
}

function* toEvents(body: unknown): Generator<StreamedEvent> {
  if (!isObject(body) || !Array.isArray(body.choices)) {
    yield { name: null, payload: body };
    return;
  }
  const { choices, usage, ...members } = body;
  const chunk = (parts: readonly JsonObject[], more?: JsonObject): StreamedEvent => ({
    name: null,
    payload: { ...members, object: 'chat.completion.chunk', choices: parts, ...more },
  });
  for (const [position, choice] of list(choices).entries()) {
    if (isObject(choice)) for (const part of choiceParts(choice, position)) yield chunk([part]);
  }
  if (usage !== undefined && usage !== null) yield chunk([], { usage });
  yield DONE;
}

/** A choice as it is streamed: its role, all it says, and how it finished. */
function* choiceParts(choice: JsonObject, position: number): Generator<JsonObject> {
  const { index: given, message, delta: _, logprobs, finish_reason: reason, ...rest } = choice;
  const index = typeof given === 'number' ? given : position;
  const { role, ...said } = isObject(message) ? message : NO_MESSAGE;
  yield { index, delta: { role: role ?? 'assistant' }, logprobs: null, finish_reason: null };
  const calls = list(said.tool_calls);
  const delta = calls.length === 0 ? said : { ...said, tool_calls: calls.map(numbered) };
  yield { index, delta, logprobs: logprobs ?? null, finish_reason: null };
  yield { ...rest, index, delta: {}, logprobs: null, finish_reason: reason ?? null };
}

function numbered(call: unknown, index: number): unknown {
  return isObject(call) ? { ...call, index } : call;
}
