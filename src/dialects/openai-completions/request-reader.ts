import { isObject, type JsonObject, list, text } from '../json.js';
import type { CanonicalRequest } from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { given, isGiven, number } from '../translation/values.js';

const READ: ReadonlySet<string> = new Set([
  ...['model', 'prompt', 'max_tokens', 'temperature', 'top_p', 'seed', 'stop', 'n', 'user'],
  ...['frequency_penalty', 'presence_penalty', 'logprobs', 'stream', 'stream_options'],
]);
/** Without these the text that comes would be another. */
const MEANT: ReadonlySet<string> = new Set(['suffix', 'echo']);
/** OpenAI's default for legacy completions, in tokens. */
const DEFAULT_MAX_TOKENS = 16;

/** Reads a legacy completion request: one prompt becomes one user turn. */
export function readCompletionsRequest(body: JsonObject, losses: Losses): CanonicalRequest {
  for (const [name, value] of Object.entries(body)) {
    if (READ.has(name) || !isGiven(value) || value === false) continue;
    if (MEANT.has(name)) losses.refuse(name);
    else losses.drop(name);
  }
  const { stream_options: options, n, stop } = body;
  // It has another form in the answers of chat.
  if (number(body.logprobs) !== undefined) losses.drop('logprobs');
  return given({
    from: 'openai-completions',
    model: text(body.model),
    turns: [{ role: 'user', parts: [{ type: 'text', text: promptIn(body.prompt, losses) }] }],
    tools: [],
    maxOutputTokens: number(body.max_tokens) ?? DEFAULT_MAX_TOKENS,
    sampling: given({
      temperature: number(body.temperature),
      top_p: number(body.top_p),
      frequency_penalty: number(body.frequency_penalty),
      presence_penalty: number(body.presence_penalty),
      seed: number(body.seed),
    }),
    stop: typeof stop === 'string' ? [stop] : list(stop).filter((each) => typeof each === 'string'),
    choices: number(n) ?? 1,
    userId: text(body.user),
    stream: body.stream === true,
    includeUsage: isObject(options) && options.include_usage === true,
  });
}

/** Several prompts are several answers, and token ids are one model's own. */
function promptIn(prompt: unknown, losses: Losses): string {
  const only: unknown = Array.isArray(prompt) && prompt.length === 1 ? prompt[0] : prompt;
  if (typeof only === 'string') return only;
  losses.refuse('prompt');
  return '';
}
