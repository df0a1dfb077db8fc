import { OPENAI_HOSTS, READS_CACHE_CONTROL } from '../foreign-rules.js';
import type { JsonObject } from '../json.js';
import type {
  CanonicalRequest,
  CustomTool,
  FunctionTool,
  OutputFormat,
  Sampling,
  ToolChoice,
} from '../translation/canonical-request.js';
import { effortOf } from '../translation/effort.js';
import type { Losses } from '../translation/losses.js';
import { isOpenAIReasoning, nearestEffort } from '../translation/models.js';
import type { WriterTarget, WrittenRequest } from '../translation/request-codec.js';
import { given } from '../translation/values.js';
import { type MessageStyle, writeMessages } from './request-messages.js';

/** Providers of the chat format that are known to take `reasoning_effort`. */
const TAKES_EFFORT: ReadonlySet<string> = new Set([
  ...OPENAI_HOSTS,
  'gcp.gemini',
  'gcp.vertex_ai',
  'groq',
  'x_ai',
  'openrouter',
  'cerebras',
]);
/** Those that take `top_k`, which OpenAI does not have. */
const TAKES_TOP_K: ReadonlySet<string> = new Set(['openrouter', 'together', 'fireworks']);
/** What a bound of thinking is measured against where the request has none for the answer. */
const USUAL_MAX_TOKENS = 32_000;
/** The function that stands for structured output at servers that do not have it. */
const ANSWER_TOOL = 'answer';

/** Writes a chat completion request. */
export function writeChatRequest(
  request: CanonicalRequest,
  target: WriterTarget,
  losses: Losses,
): WrittenRequest {
  return new ChatRequest(request, target, losses).write();
}

class ChatRequest {
  readonly #request: CanonicalRequest;
  readonly #target: WriterTarget;
  readonly #losses: Losses;
  readonly #isOpenAI: boolean;
  readonly #isReasoning: boolean;
  readonly #wrapped = new Set<string>();
  #answerTool: string | undefined;

  constructor(request: CanonicalRequest, target: WriterTarget, losses: Losses) {
    this.#request = request;
    this.#target = target;
    this.#losses = losses;
    this.#isOpenAI = OPENAI_HOSTS.has(target.provider);
    // Whoever serves it, it refuses the same.
    this.#isReasoning = isOpenAIReasoning(target.model);
  }

  write(): WrittenRequest {
    const { turns, stream, userId, choices, maxOutputTokens } = this.#request;
    const style: MessageStyle = {
      isOpenAI: this.#isOpenAI,
      keepsCache: READS_CACHE_CONTROL.has(this.#target.provider),
    };
    const body = given({
      model: this.#target.model,
      messages: writeMessages(turns, style, this.#losses),
      ...this.#tools(),
      response_format: this.#format(),
      [this.#isOpenAI || this.#isReasoning ? 'max_completion_tokens' : 'max_tokens']:
        maxOutputTokens,
      ...this.#sampling(),
      stop: this.#stop(),
      n: choices > 1 ? choices : undefined,
      ...this.#logprobs(),
      reasoning_effort: this.#effort(),
      verbosity: this.#verbosity(),
      user: userId,
      stream: stream || undefined,
    });
    const answerTool = this.#answerTool;
    return {
      body: answerTool === undefined ? body : this.#withAnswerTool(body, answerTool),
      wrappedTools: this.#wrapped,
      answerTool,
    };
  }

  #tools(): JsonObject {
    const { tools, toolChoice, parallelToolCalls } = this.#request;
    if (tools.length === 0) return {};
    const allowed = toolChoice?.type === 'allowed' && !this.#isOpenAI ? toolChoice : undefined;
    if (allowed) this.#losses.change('allowed_tools');
    const offered = allowed ? tools.filter(({ name }) => allowed.names.includes(name)) : tools;
    const written = offered.map((tool) =>
      tool.kind === 'function' ? this.#functionTool(tool) : this.#customTool(tool),
    );
    return {
      tools: written,
      tool_choice: this.#toolChoice(allowed ? { type: allowed.mode } : toolChoice),
      parallel_tool_calls: parallelToolCalls,
    };
  }

  #functionTool({ name, description, schema, strict, cache }: FunctionTool): JsonObject {
    const keepsCache = READS_CACHE_CONTROL.has(this.#target.provider);
    if (cache && !keepsCache) this.#losses.drop('cache_control');
    return {
      type: 'function',
      function: given({ name, description, parameters: schema, strict }),
      ...(cache && keepsCache && { cache_control: cache }),
    };
  }

  #customTool({ name, description, format }: CustomTool): JsonObject {
    if (this.#isOpenAI) {
      return {
        type: 'custom',
        custom: given({ name, description, format: format && nestedFormat(format) }),
      };
    }
    if (format && format.type !== 'text') this.#losses.drop('custom_tool_format');
    this.#wrapped.add(name);
    const parameters = {
      type: 'object',
      properties: { input: { type: 'string' } },
      required: ['input'],
      additionalProperties: false,
    };
    return { type: 'function', function: given({ name, description, parameters }) };
  }

  #toolChoice(choice: ToolChoice | undefined): unknown {
    if (choice === undefined) return undefined;
    switch (choice.type) {
      case 'tool':
        return this.#named(choice.name);
      case 'allowed': {
        const tools = choice.names.map((name) => this.#named(name));
        return { type: 'allowed_tools', allowed_tools: { mode: choice.mode, tools } };
      }
      default:
        return choice.type;
    }
  }

  #named(name: string): JsonObject {
    const tool = this.#request.tools.find((each) => each.name === name);
    return tool?.kind === 'custom' && this.#isOpenAI
      ? { type: 'custom', custom: { name } }
      : { type: 'function', function: { name } };
  }

  #format(): JsonObject | undefined {
    const { format, tools } = this.#request;
    if (format === undefined) return undefined;
    if (this.#target.structuredOutput !== false || format.type === 'json_object') {
      return writeFormat(format);
    }
    if (tools.length > 0) this.#losses.refuse('response_format');
    else this.#answerTool = ANSWER_TOOL;
    return undefined;
  }

  #withAnswerTool(body: JsonObject, name: string): JsonObject {
    const { format } = this.#request;
    const schema = format?.type === 'json_schema' ? format : undefined;
    const description = schema?.description ?? 'Gives the answer.';
    const tool = {
      type: 'function',
      function: { name, description, parameters: schema?.schema ?? { type: 'object' } },
    };
    return { ...body, tools: [tool], tool_choice: { type: 'function', function: { name } } };
  }

  #sampling(): JsonObject {
    const { sampling } = this.#request;
    const kept: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(sampling)) {
      if (this.#takes(name)) kept[name] = value;
      else this.#losses.drop(name);
    }
    return kept;
  }

  #takes(name: string): boolean {
    if (name === ('top_k' satisfies keyof Sampling)) return TAKES_TOP_K.has(this.#target.provider);
    return !this.#isReasoning || name === 'seed';
  }

  #stop(): unknown {
    const { stop } = this.#request;
    if (stop.length === 0) return undefined;
    if (this.#isReasoning) {
      this.#losses.drop('stop');
      return undefined;
    }
    // OpenAI takes four.
    if (this.#isOpenAI && stop.length > 4) this.#losses.change('stop');
    return this.#isOpenAI ? stop.slice(0, 4) : stop;
  }

  #logprobs(): JsonObject {
    const { logprobs } = this.#request;
    if (logprobs === undefined) return {};
    if (!this.#isReasoning) return { logprobs: true, top_logprobs: logprobs.top };
    this.#losses.drop('logprobs');
    return {};
  }

  #verbosity(): unknown {
    const { verbosity } = this.#request;
    if (verbosity === undefined || this.#isReasoning) return verbosity;
    this.#losses.drop('verbosity');
    return undefined;
  }

  #effort(): string | undefined {
    const { reasoning, maxOutputTokens = USUAL_MAX_TOKENS } = this.#request;
    if (reasoning === undefined) return undefined;
    if (reasoning.summary !== undefined) this.#losses.drop('reasoning_summary');
    const { provider, model } = this.#target;
    const effort = effortOf(reasoning, maxOutputTokens);
    const isTaken = this.#isReasoning || (!this.#isOpenAI && TAKES_EFFORT.has(provider));
    if (effort === undefined || !isTaken) {
      // A model that cannot think does not think.
      if (effort !== 'none') this.#losses.drop('reasoning');
      return undefined;
    }
    if (reasoning.effort === undefined) this.#losses.change('reasoning');
    if (!this.#isReasoning) return effort;
    const known = nearestEffort(effort, model);
    if (known !== effort) this.#losses.change('reasoning');
    return known;
  }
}

function writeFormat(format: OutputFormat): JsonObject {
  if (format.type === 'json_object') return { type: 'json_object' };
  const { name, description, schema, strict } = format;
  return { type: 'json_schema', json_schema: given({ name, description, schema, strict }) };
}

function nestedFormat({ type, ...rest }: JsonObject): JsonObject {
  return type === 'grammar' ? { type, grammar: rest } : { type };
}
