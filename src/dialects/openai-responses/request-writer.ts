import { OPENAI_HOSTS } from '../foreign-rules.js';
import type { JsonObject } from '../json.js';
import type {
  CanonicalRequest,
  CustomTool,
  FunctionTool,
  OutputFormat,
  ToolChoice,
} from '../translation/canonical-request.js';
import { effortOf } from '../translation/effort.js';
import type { Losses } from '../translation/losses.js';
import { isOpenAIReasoning, nearestEffort } from '../translation/models.js';
import type { WriterTarget, WrittenRequest } from '../translation/request-codec.js';
import { given } from '../translation/values.js';
import { writeTurns } from './request-input.js';

/** OpenAI refuses less. */
const LEAST_OUTPUT_TOKENS = 16;
/** What a bound of thinking is measured against where the request has none for the answer. */
const USUAL_MAX_TOKENS = 32_000;
/** Arguments of a function that takes none. */
const NO_ARGUMENTS: JsonObject = {
  type: 'object',
  properties: {},
  required: [],
  additionalProperties: false,
};
/** How reasoning is to be shown, in the words of Responses, by those of all dialects. */
const SUMMARIES: ReadonlyMap<string, string | undefined> = new Map([
  ['auto', 'auto'],
  ['concise', 'concise'],
  ['detailed', 'detailed'],
  ['summarized', 'auto'],
  ['omitted', undefined],
]);
const SAMPLED: ReadonlySet<string> = new Set(['temperature', 'top_p']);

/** Writes a request of the Responses API, of which nothing is kept: what the caller wrote elsewhere is not to be. */
export function writeResponsesRequest(
  request: CanonicalRequest,
  target: WriterTarget,
  losses: Losses,
): WrittenRequest {
  return { body: new ResponsesRequest(request, target, losses).write() };
}

class ResponsesRequest {
  readonly #request: CanonicalRequest;
  readonly #target: WriterTarget;
  readonly #losses: Losses;
  readonly #isOpenAI: boolean;
  /** Whether the model is known for one that reasons. */
  readonly #isReasoning: boolean;

  constructor(request: CanonicalRequest, target: WriterTarget, losses: Losses) {
    this.#request = request;
    this.#target = target;
    this.#losses = losses;
    this.#isOpenAI = OPENAI_HOSTS.has(target.provider);
    // Whoever serves it, it refuses the same.
    this.#isReasoning = isOpenAIReasoning(target.model);
  }

  write(): JsonObject {
    const { userId, stream, stop, choices } = this.#request;
    if (stop.length > 0) this.#losses.drop('stop');
    if (choices > 1) this.#losses.drop('n');
    const { instructions, input } = writeTurns(this.#request, this.#losses);
    const reasoning = this.#reasoning();
    const logprobs = this.#logprobs();
    return given({
      model: this.#target.model,
      instructions,
      input,
      ...this.#tools(),
      text: this.#text(),
      reasoning,
      max_output_tokens: this.#maxOutputTokens(),
      ...this.#sampling(),
      include: this.#include(logprobs !== undefined),
      top_logprobs: logprobs?.top,
      user: userId,
      store: false,
      stream: stream || undefined,
    });
  }

  #tools(): JsonObject {
    const { tools, toolChoice, parallelToolCalls } = this.#request;
    if (tools.length === 0) return {};
    return {
      tools: tools.map((tool) =>
        tool.kind === 'function' ? this.#functionTool(tool) : customTool(tool),
      ),
      tool_choice: this.#toolChoice(toolChoice),
      parallel_tool_calls: parallelToolCalls,
    };
  }

  /** Left out, `strict` is true here and false everywhere else. */
  #functionTool({ name, description, schema, strict = false, cache }: FunctionTool): JsonObject {
    if (cache) this.#losses.drop('cache_control');
    return given({
      type: 'function',
      name,
      description,
      parameters: schema ?? NO_ARGUMENTS,
      strict,
    });
  }

  #toolChoice(choice: ToolChoice | undefined): unknown {
    if (choice === undefined) return undefined;
    switch (choice.type) {
      case 'tool':
        return this.#named(choice.name);
      case 'allowed':
        return {
          type: 'allowed_tools',
          mode: choice.mode,
          tools: choice.names.map((name) => this.#named(name)),
        };
      default:
        return choice.type;
    }
  }

  #named(name: string): JsonObject {
    const tool = this.#request.tools.find((each) => each.name === name);
    return { type: tool?.kind ?? 'function', name };
  }

  #text(): JsonObject | undefined {
    const { format } = this.#request;
    const verbosity = this.#verbosity();
    if (format === undefined && verbosity === undefined) return undefined;
    return given({ format: format && writeFormat(format), verbosity });
  }

  #verbosity(): string | undefined {
    const { verbosity } = this.#request;
    if (verbosity === undefined || this.#isReasoning) return verbosity;
    this.#losses.drop('verbosity');
    return undefined;
  }

  #reasoning(): JsonObject | undefined {
    const { reasoning: wish, maxOutputTokens = USUAL_MAX_TOKENS } = this.#request;
    if (wish === undefined) return undefined;
    const wanted = effortOf(wish, maxOutputTokens);
    // What is served elsewhere under this format reasons or refuses by itself.
    if (this.#isOpenAI && !this.#isReasoning) {
      if (wanted !== 'none') this.#losses.drop('reasoning');
      return undefined;
    }
    const effort = wanted && this.#isReasoning ? nearestEffort(wanted, this.#target.model) : wanted;
    if (effort !== wish.effort) this.#losses.change('reasoning');
    const reasoning = given({ effort, summary: this.#summary(wish.summary) });
    return Object.keys(reasoning).length > 0 ? reasoning : undefined;
  }

  #summary(wanted: string | undefined): string | undefined {
    if (wanted === undefined) return undefined;
    if (!SUMMARIES.has(wanted)) this.#losses.drop('reasoning_summary');
    return SUMMARIES.get(wanted);
  }

  #maxOutputTokens(): number | undefined {
    const { maxOutputTokens } = this.#request;
    if (maxOutputTokens === undefined || !this.#isOpenAI) return maxOutputTokens;
    if (maxOutputTokens >= LEAST_OUTPUT_TOKENS) return maxOutputTokens;
    this.#losses.change('max_output_tokens');
    return LEAST_OUTPUT_TOKENS;
  }

  #sampling(): JsonObject {
    const kept: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(this.#request.sampling)) {
      if (value === undefined) continue;
      if (SAMPLED.has(name) && !this.#isReasoning) kept[name] = value;
      else if (!isNeutral(name, value)) this.#losses.drop(name);
    }
    return kept;
  }

  #logprobs(): CanonicalRequest['logprobs'] {
    const { logprobs } = this.#request;
    if (logprobs === undefined || !this.#isReasoning) return logprobs;
    this.#losses.drop('logprobs');
    return undefined;
  }

  /** Reasoning comes back as what it can be continued with. Models that do not reason refuse to be asked for it. */
  #include(hasLogprobs: boolean): readonly string[] | undefined {
    const include: string[] = [];
    if (this.#isReasoning) include.push('reasoning.encrypted_content');
    if (hasLogprobs) include.push('message.output_text.logprobs');
    return include.length > 0 ? include : undefined;
  }
}

function isNeutral(name: string, value: unknown): boolean {
  return (name === 'frequency_penalty' || name === 'presence_penalty') && value === 0;
}

function customTool({ name, description, format }: CustomTool): JsonObject {
  return given({ type: 'custom', name, description, format });
}

function writeFormat(format: OutputFormat): JsonObject {
  if (format.type === 'json_object') return { type: 'json_object' };
  const { type, name, description, schema, strict } = format;
  return given({ type, name, description, schema, strict });
}
