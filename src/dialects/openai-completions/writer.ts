import type { DialectWriter, StreamedEvent } from '../dialect.js';
import { createFrameWriter, DONE, errorBodyOf } from '../frame-writer.js';
import { isObject, type JsonObject, list } from '../json.js';
import { openaiUsage } from '../usage.js';

/** Writes OpenAI's legacy completions, whose chunks are bodies with a piece of the text. */
export const completionsWriter: DialectWriter = createFrameWriter({
  dialect: 'openai-completions',
  normaliseUsage: openaiUsage,
  toBody,
  toEvents,
});

function toBody(events: readonly StreamedEvent[]): unknown {
  const error = errorBodyOf(events);
  if (error !== undefined) return error;
  const members = new Map<string, unknown>();
  const choices = new Map<number, JsonObject>();
  for (const { payload } of events) {
    if (!isObject(payload)) continue;
    for (const [key, value] of Object.entries(payload)) {
      if (key !== 'choices' && (value !== null || !members.has(key))) members.set(key, value);
    }
    list(payload.choices).forEach((choice, position) => {
      if (!isObject(choice)) return;
      const index = typeof choice.index === 'number' ? choice.index : position;
      choices.set(index, joined(choices.get(index), choice));
    });
  }
  const sorted = [...choices].sort(([a], [b]) => a - b).map(([, choice]) => choice);
  return { ...Object.fromEntries(members), choices: sorted };
}

function joined(before: JsonObject | undefined, piece: JsonObject): JsonObject {
  // Together streams a chat delta beside the text.
  const { delta: _, ...choice } = piece;
  if (before === undefined) return choice;
  return {
    ...before,
    ...choice,
    text: `${String(before.text ?? '')}${String(choice.text ?? '')}`,
    finish_reason: before.finish_reason ?? choice.finish_reason,
    logprobs: joinedLogprobs(before.logprobs, choice.logprobs),
  };
}

/** Logprobs of completions are lists side by side. */
function joinedLogprobs(before: unknown, piece: unknown): unknown {
  if (!isObject(before) || !isObject(piece)) return piece ?? before;
  const lists = Object.entries(piece).map(([key, value]) => [
    key,
    Array.isArray(value) ? [...list(before[key]), ...value] : value,
  ]);
  return { ...before, ...Object.fromEntries(lists) };
}

function* toEvents(body: unknown): Generator<StreamedEvent> {
  if (!isObject(body) || !Array.isArray(body.choices)) {
    yield { name: null, payload: body };
    return;
  }
  const { choices, usage, ...members } = body;
  for (const choice of list(choices)) {
    yield { name: null, payload: { ...members, choices: [choice] } };
  }
  if (usage !== undefined && usage !== null) {
    yield { name: null, payload: { ...members, choices: [], usage } };
  }
  yield DONE;
}
