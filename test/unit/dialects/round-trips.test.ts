import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type {
  CanonicalRequest,
  Part,
  TranslatedDialect,
  Turn,
} from '../../../src/dialects/translation/canonical-request.js';
import { Losses } from '../../../src/dialects/translation/losses.js';
import { WRITING_LOSSES } from '../../fixtures/translation/loss-table.js';
import { anyRequest } from './support/any-request.js';
import { codecs } from './support/codecs.js';

const dialects: readonly TranslatedDialect[] = [
  'openai-chat',
  'openai-responses',
  'anthropic-messages',
];
const pairs = dialects.flatMap((a) => dialects.filter((b) => b !== a).map((b) => ({ a, b })));

/** Targets that can all there is in their dialect, so that what is lost is lost by the dialect. */
const TARGETS = {
  'openai-chat': { provider: 'openai', model: 'gpt-4o' },
  'openai-responses': { provider: 'openai', model: 'gpt-4o' },
  'anthropic-messages': { provider: 'anthropic', model: 'claude-sonnet-4-6' },
} as const;

function write(request: CanonicalRequest, to: TranslatedDialect) {
  const losses = new Losses();
  const { body, answerTool } = codecs[to].write(request, TARGETS[to], losses);
  return { body, answerTool, names: losses.list() };
}

function read(body: object, from: TranslatedDialect): CanonicalRequest {
  // As it comes over the wire.
  return codecs[from].read(JSON.parse(JSON.stringify(body)), new Losses());
}

describe.each(pairs)('$a → $b → $a', ({ a, b }) => {
  it('is the same in all that is not in the loss table', () => {
    const table = new Map(WRITING_LOSSES[b].map((row) => [row.name, row]));

    fc.assert(
      fc.property(anyRequest(), (generated) => {
        // What A can say of it.
        const first = write(generated, a);
        const told = read(first.body, a);
        const over = write(told, b);
        if ([...first.names, ...over.names].some(({ kind }) => kind === 'refused')) return;
        const back = read(write({ ...read(over.body, b), from: b }, a).body, a);

        for (const { name, kind } of over.names)
          expect(table.get(name)?.kinds, name).toContain(kind);
        const lost = new Set(over.names.map(({ name }) => name));
        // A form that is asked for as a tool is undone in the answer.
        if (over.answerTool !== undefined) lost.add('answer_tool').add('response_format');
        expect(without(back, lost, b)).toEqual(without(told, lost, b));
      }),
      { numRuns: 3_000, seed: 8 },
    );
  });
});

/** A request without what got lost on the way, in a form in which equal ones are equal. */
function without(
  request: CanonicalRequest,
  lost: ReadonlySet<string>,
  by: TranslatedDialect,
): unknown {
  const { sampling, turns, tools, from: _from, includeUsage: _usage, ...rest } = request;
  const plain: Record<string, unknown> = { ...rest };
  for (const [name, member] of MEMBERS) if (lost.has(name)) delete plain[member];
  // Asked for in a different word, or by a member that must be there.
  if (by === 'anthropic-messages') {
    delete plain.maxOutputTokens;
    // Anthropic’s form has no name, and is always strict.
    if (plain.format !== undefined && request.format?.type === 'json_schema')
      plain.format = request.format.schema;
  }
  if (lost.has('schema')) delete plain.format;
  // They go without saying.
  if (request.toolChoice?.type === 'auto') delete plain.toolChoice;
  const callsNothing = request.toolChoice?.type === 'none';
  if (request.parallelToolCalls === true || callsNothing) delete plain.parallelToolCalls;
  // A model that cannot think does not think.
  if (request.reasoning?.effort === 'none') delete plain.reasoning;
  if (lost.has('answer_tool')) {
    delete plain.toolChoice;
    delete plain.parallelToolCalls;
  }
  return {
    ...plain,
    model: undefined,
    sampling: Object.fromEntries(Object.entries(sampling).filter(([name]) => !lost.has(name))),
    tools:
      lost.has('answer_tool') || lost.has('allowed_tools')
        ? []
        : tools.map((tool) => toolWithout(tool, lost, by)),
    turns: turnsWithout(turns, lost, by),
  };
}

const MEMBERS = [
  ['reasoning', 'reasoning'],
  ['reasoning_summary', 'reasoning'],
  ['verbosity', 'verbosity'],
  ['logprobs', 'logprobs'],
  ['n', 'choices'],
  ['stop', 'stop'],
  ['user', 'userId'],
  ['response_format', 'format'],
  ['allowed_tools', 'toolChoice'],
  ['max_tokens', 'maxOutputTokens'],
  ['max_output_tokens', 'maxOutputTokens'],
] as const;

function toolWithout(
  tool: CanonicalRequest['tools'][number],
  lost: ReadonlySet<string>,
  by: TranslatedDialect,
): unknown {
  // A function with one text; the answer gives the text back.
  if (tool.kind === 'custom' && by === 'anthropic-messages') return { name: tool.name };
  if (tool.kind === 'function' && isWrapped(tool)) return { name: tool.name };
  const plain: Record<string, unknown> = { ...tool };
  if (lost.has('cache_control')) delete plain.cache;
  // Left out, it is false.
  if (lost.has('strict') || plain.strict === false) delete plain.strict;
  if (lost.has('schema')) delete plain.schema;
  if (lost.has('custom_tool_format')) delete plain.format;
  return plain;
}

/** Turns without what got lost of them, one speaker after the other. */
function turnsWithout(
  turns: readonly Turn[],
  lost: ReadonlySet<string>,
  by: TranslatedDialect,
): unknown {
  const kept: { role: string; parts: unknown[] }[] = [];
  for (const turn of turns) {
    // A role of its own only with OpenAI.
    const role = turn.role === 'developer' ? 'system' : turn.role;
    // What stands beside text in results has gone to the user's words.
    if (role === 'user' && lost.has('tool_result_content')) continue;
    // The form of the answer is asked for there.
    if (role === 'system' && lost.has('response_format')) continue;
    const parts = turn.parts.flatMap((part) => partWithout(part, lost, by));
    const last = kept.at(-1);
    if (last?.role === role) last.parts.push(...parts);
    else if (parts.length > 0) kept.push({ role, parts: [...parts] });
  }
  // Instructions of a response are one text.
  for (const turn of kept)
    if (turn.role === 'system') turn.parts = [turn.parts.map(textOf).join('\n\n')];
  // Chat has the words of a refusal beside all others.
  for (const { parts } of kept) parts.sort((a, b) => isRefusal(a) - isRefusal(b));
  return kept;
}

function textOf(part: unknown): unknown {
  return typeof part === 'object' && part !== null && 'text' in part ? part.text : part;
}

function isRefusal(part: unknown): number {
  return typeof part === 'object' && part !== null && 'type' in part && part.type === 'refusal'
    ? 1
    : 0;
}

function partWithout(
  part: Part,
  lost: ReadonlySet<string>,
  by: TranslatedDialect,
): readonly unknown[] {
  const { type } = part;
  if (type === 'reasoning') return lost.has('reasoning_text') ? [] : [part];
  if (type === 'refusal') return [lost.has('refusal') ? { type: 'text', text: part.text } : part];
  if (type === 'document' && lost.has('documents')) return [];
  if (type === 'text' && lost.has('documents')) return [];
  const plain: Record<string, unknown> = { ...part };
  if (lost.has('cache_control')) delete plain.cache;
  if (lost.has('image_detail') || plain.detail === 'auto') delete plain.detail;
  if (lost.has('document_context')) delete plain.context;
  if (lost.has('citations')) delete plain.citations;
  if (lost.has('is_error')) delete plain.isError;
  if (type === 'tool-call' && by === 'anthropic-messages')
    return [{ ...plain, ...asFunction(part) }];
  if (type === 'tool-call') return [{ ...plain, arguments: spelled(part.arguments) }];
  if (type !== 'tool-result') return [plain];
  return [
    {
      ...plain,
      kind: by === 'anthropic-messages' ? 'function' : part.kind,
      parts: part.parts.flatMap((inner) => partWithout(inner, lost, by)),
    },
  ];
}

/** Anthropic has functions only, with an object of arguments. */
function asFunction(part: Extract<Part, { type: 'tool-call' }>): object {
  const words = part.kind === 'custom' ? JSON.stringify({ input: part.arguments }) : part.arguments;
  return { kind: 'function', arguments: spelled(words) };
}

/** JSON as any writer would spell it. */
function spelled(words: string): string {
  try {
    return JSON.stringify(JSON.parse(words));
  } catch {
    return words;
  }
}

function isWrapped({
  schema,
}: Extract<CanonicalRequest['tools'][number], { kind: 'function' }>): boolean {
  const { properties } = schema ?? {};
  return typeof properties === 'object' && properties !== null && 'input' in properties;
}
