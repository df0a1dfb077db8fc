import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { isJsonObject, type JsonObject } from '../../../src/testing/json.js';
import { allCases, DIALECTS, type Translated, translateAll } from './request-targets.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const file = `${root}test/integration/translation/in-memory-requests.ts`;
/** Longer texts say no more to a compiler. */
const MAX_TEXT = 80;
/** Of every so many of the recorded requests one is enough. */
const MAX_CASES = 150;

/** Where the SDKs have the types of what they send. */
const TYPES = [
  ['openai-chat', 'openai/resources/chat/completions', 'ChatCompletionCreateParams'],
  ['openai-chat', 'openai-6/resources/chat/completions', 'ChatCompletionCreateParams'],
  ['openai-responses', 'openai/resources/responses/responses', 'ResponseCreateParams'],
  ['openai-responses', 'openai-6/resources/responses/responses', 'ResponseCreateParams'],
  ['anthropic-messages', '@anthropic-ai/sdk/resources/messages/messages', 'MessageCreateParams'],
] as const;

/** What the compiler says about each body as a literal of a type: strange members are errors, too. */
function complaints(module: string, type: string, all: readonly Translated[]): readonly string[] {
  const lines = all.map(({ body }) => `v = ${literal(body)};`);
  const source = [`import type { ${type} as T } from '${module}';`, 'let v: T;', ...lines].join(
    '\n',
  );
  const program = programOf(source);
  const parsed = program.getSourceFile(file);
  return program.getSemanticDiagnostics(parsed).map(({ messageText, start = 0 }) => {
    const line = parsed?.getLineAndCharacterOfPosition(start).line ?? 0;
    const { name, from, target } = all[line - 2] ?? {};
    const words = ts.flattenDiagnosticMessageText(messageText, ' ').slice(0, 600);
    return `${from}, ${target?.model}, ${name}: ${words}`;
  });
}

function literal(body: unknown): string {
  return JSON.stringify(body, (_, value: unknown) => {
    if (typeof value === 'string') return value.slice(0, MAX_TEXT);
    // The API takes an assistant's parts without an id, which only it could give; the types do not.
    return isJsonObject(value) && value.role === 'assistant' && value.type === 'message'
      ? withId(value)
      : value;
  });
}

function withId(message: JsonObject): JsonObject {
  const isInParts = Array.isArray(message.content);
  return isInParts ? { id: 'msg_1', status: 'completed', ...message } : message;
}

function programOf(source: string): ts.Program {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, root);
  const host = ts.createCompilerHost(options);
  const readFile = host.getSourceFile;
  host.getSourceFile = (name, version, ...more) =>
    name === file ? ts.createSourceFile(name, source, version) : readFile(name, version, ...more);
  host.fileExists = (name) => name === file || ts.sys.fileExists(name);
  return ts.createProgram([file], { ...options, noUnusedLocals: false }, host);
}

function sampleFor(to: Translated['to']): readonly Translated[] {
  const all = DIALECTS.filter((from) => from !== to).flatMap((from) => {
    const cases = allCases.filter((each) => each.from === from).slice(0, MAX_CASES);
    return cases.flatMap((each, index) => {
      const targets = translateAll(each, to).filter(({ target }) => target.provider !== 'local');
      return targets.slice(index % targets.length, (index % targets.length) + 1);
    });
  });
  return all.filter(({ refused }) => refused.length === 0);
}

describe('translated requests', () => {
  it.each(TYPES)('for %s are what %s calls %s', (to, module, type) => {
    const sample = sampleFor(to);

    expect(complaints(module, type, sample)).toEqual([]);
    expect(sample.length).toBeGreaterThan(35);
  });

  it('are looked at', () => {
    const [first] = sampleFor('openai-chat');
    const strange = { ...first, body: { ...first?.body, top_k: 1 } };
    const [, module, type] = TYPES[0];

    expect(complaints(module, type, [strange as Translated])).toEqual([
      expect.stringContaining('"top_k"\' does not exist'),
    ]);
  });
});
