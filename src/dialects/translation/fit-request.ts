import { OPENAI_HOSTS } from '../foreign-rules.js';
import type {
  CanonicalRequest,
  OutputFormat,
  Part,
  Tool,
  TranslatedDialect,
  Turn,
} from './canonical-request.js';
import { JSON_ONLY } from './json-format.js';
import type { Losses } from './losses.js';
import { fitAnswer, fitArguments } from './openai-schema.js';
import { pairResults } from './pair-results.js';
import type { WriterTarget } from './request-codec.js';

/** Names of tools that the providers' own APIs take. Servers of the chat format take more. */
const OPENAI_NAME = /^[A-Za-z0-9_-]{1,64}$/;
const CLAUDE_NAME = /^[A-Za-z0-9_-]{1,128}$/;
const MAX_CACHE_MARKERS = 4;

/** A request as the target would not refuse it, before it is written in the target's dialect. */
export function fitRequest(
  request: CanonicalRequest,
  to: TranslatedDialect,
  target: WriterTarget,
  losses: Losses,
): CanonicalRequest {
  const paired = { ...request, turns: pairResults(request.turns, losses) };
  // Without a word there is no request, and blanks are none to Claude.
  const blank = to === 'anthropic-messages' ? /^\s*$/ : /^$/;
  if (!paired.turns.some(({ parts }) => parts.some((part) => says(part, blank)))) {
    losses.refuse('content');
  }
  if (to === 'anthropic-messages') {
    checkNames(paired, CLAUDE_NAME, losses);
    return limitMarkers(paired, losses);
  }
  const worded = withWord(paired, losses);
  if (!OPENAI_HOSTS.has(target.provider)) return worded;
  checkNames(worded, OPENAI_NAME, losses);
  return {
    ...worded,
    tools: worded.tools.map((tool) => fitTool(tool, losses)),
    format: fitFormat(worded.format, losses),
  };
}

function says(part: Part, blank: RegExp): boolean {
  return part.type === 'text' ? !blank.test(part.text) : part.type !== 'reasoning';
}

/** A tool by another name would be called by it: that is for the user to arrange. */
function checkNames({ tools, turns }: CanonicalRequest, known: RegExp, losses: Losses): void {
  const called = turns.flatMap(({ parts }) => parts.filter((part) => part.type === 'tool-call'));
  if (![...tools, ...called].every(({ name }) => known.test(name))) losses.refuse('tool_name');
}

function fitTool(tool: Tool, losses: Losses): Tool {
  if (tool.kind === 'custom' || tool.schema === undefined) return tool;
  const { schema, isChanged, canBeStrict } = fitArguments(tool.schema);
  if (isChanged) losses.change('schema');
  if (!tool.strict || canBeStrict) return { ...tool, schema };
  losses.drop('strict');
  return { ...tool, schema, strict: false };
}

function fitFormat(format: OutputFormat | undefined, losses: Losses): OutputFormat | undefined {
  if (format?.type !== 'json_schema') return format;
  const fitted = fitAnswer(format.schema);
  if (fitted === undefined) {
    losses.refuse('response_format');
    return undefined;
  }
  const { schema, canBeStrict } = fitted;
  if (!format.strict || canBeStrict) return { ...format, schema };
  losses.drop('strict');
  return { ...format, schema, strict: false };
}

/** Who asks for any JSON has to speak of it. */
function withWord(request: CanonicalRequest, losses: Losses): CanonicalRequest {
  const { format, turns } = request;
  if (format?.type !== 'json_object' || turns.some(({ parts }) => parts.some(saysJson))) {
    return request;
  }
  losses.change('response_format');
  const told: Turn = { role: 'system', parts: [{ type: 'text', text: JSON_ONLY }] };
  return { ...request, turns: [told, ...turns] };
}

function saysJson(part: Part): boolean {
  return part.type === 'text' && /json/i.test(part.text);
}

/** Claude takes a few cache markers: the last ones cache what the others would. */
function limitMarkers(request: CanonicalRequest, losses: Losses): CanonicalRequest {
  const { tools, turns } = request;
  const marked = [...tools, ...turns.flatMap(({ parts }) => parts.flatMap(withInner))].filter(
    (each) => 'cache' in each && each.cache !== undefined,
  );
  const surplus = new Set<object>(marked.slice(0, -MAX_CACHE_MARKERS));
  if (surplus.size === 0) return request;
  losses.drop('cache_control');
  const plain = <Marked extends object>(each: Marked): Marked =>
    surplus.has(each) ? { ...each, cache: undefined } : each;
  const plainPart = (part: Part): Part =>
    part.type === 'tool-result' ? { ...plain(part), parts: part.parts.map(plain) } : plain(part);
  return {
    ...request,
    tools: tools.map(plain),
    turns: turns.map((turn) => ({ ...turn, parts: turn.parts.map(plainPart) })),
  };
}

function withInner(part: Part): readonly Part[] {
  return part.type === 'tool-result' ? [...part.parts, part] : [part];
}
