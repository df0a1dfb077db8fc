import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../../../src/dialects/json.js';
import type {
  CanonicalRequest,
  Part,
  Tool,
  TranslatedDialect,
  Turn,
} from '../../../src/dialects/translation/canonical-request.js';
import { fitRequest } from '../../../src/dialects/translation/fit-request.js';
import { Losses } from '../../../src/dialects/translation/losses.js';
import { fitAnswer, fitArguments } from '../../../src/dialects/translation/openai-schema.js';
import { pairResults } from '../../../src/dialects/translation/pair-results.js';
import { portableToolId } from '../../../src/dialects/translation/tool-ids.js';

const CLOSED = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const OPTIONAL = { ...CLOSED, required: [] };
const CACHE = { type: 'ephemeral' };
const OPENAI = { provider: 'openai', model: 'gpt-4o' };
const LOCAL = { provider: 'local', model: 'qwen3' };
const CLAUDE = { provider: 'anthropic', model: 'claude-opus-4-8' };

function user(...parts: readonly Part[]): Turn {
  return { role: 'user', parts };
}

function assistant(...parts: readonly Part[]): Turn {
  return { role: 'assistant', parts };
}

function text(words: string, cache?: JsonObject): Part {
  return { type: 'text', text: words, ...(cache && { cache }) };
}

function call(id: string, name = 'look'): Part {
  return { type: 'tool-call', id, name, kind: 'function', arguments: '{}' };
}

function result(id: string): Part {
  return { type: 'tool-result', id, kind: 'function', parts: [] };
}

function tool(more: Partial<Tool> = {}): Tool {
  return { kind: 'function', name: 'look', schema: CLOSED, ...more } as Tool;
}

function fitted(
  said: Partial<CanonicalRequest>,
  to: TranslatedDialect = 'openai-chat',
  target = OPENAI,
) {
  const losses = new Losses();
  const request: CanonicalRequest = {
    from: 'openai-chat',
    model: 'm',
    turns: [user(text('hi'))],
    tools: [],
    sampling: {},
    stop: [],
    choices: 1,
    stream: false,
    includeUsage: false,
    ...said,
  };
  return { ...fitRequest(request, to, target, losses), losses: losses.list() };
}

describe('pairResults', () => {
  const pair = (...turns: readonly Turn[]) => {
    const losses = new Losses();
    return { turns: pairResults(turns, losses), losses: losses.list() };
  };

  it('leaves alone what belongs together', () => {
    const turns = [
      user(text('hi')),
      assistant(call('a'), call('b')),
      user(result('b'), result('a'), text('so?')),
      assistant(call('a')),
      user(result('a')),
    ];

    expect(pair(...turns)).toEqual({ turns, losses: [] });
  });

  it('moves a result that came later up to its call', () => {
    const { turns, losses } = pair(
      assistant(call('a'), call('b')),
      user(result('a')),
      user(text('wait')),
      user(result('b'), text('so?')),
    );

    expect(turns).toEqual([
      assistant(call('a'), call('b')),
      user(result('b'), result('a')),
      user(text('wait')),
      user(text('so?')),
    ]);
    expect(losses).toEqual([{ kind: 'changed', name: 'tool_result_position' }]);
  });

  it('leaves out a call without a result, and its turn where it says nothing else', () => {
    const { turns, losses } = pair(
      user(text('hi')),
      assistant(call('a')),
      assistant(text('so'), call('b')),
    );

    expect(turns).toEqual([user(text('hi')), assistant(text('so'))]);
    expect(losses).toEqual([{ kind: 'refused', name: 'tool_call' }]);
  });

  it('leaves out a result without a call, and one that was given already', () => {
    const { turns, losses } = pair(
      user(result('x'), text('hi')),
      assistant(call('a')),
      user(result('a'), result('a')),
    );

    expect(turns).toEqual([user(text('hi')), assistant(call('a')), user(result('a'))]);
    expect(losses).toEqual([{ kind: 'refused', name: 'tool_result' }]);
  });
});

describe('fitRequest', () => {
  it.each([
    ['openai-chat', OPENAI, 64],
    ['openai-responses', OPENAI, 64],
    ['anthropic-messages', CLAUDE, 128],
  ] as const)('refuses a name that %s does not take', (to, target, most) => {
    const refused = [{ kind: 'refused', name: 'tool_name' }];

    expect(fitted({ tools: [tool({ name: 'x'.repeat(most) })] }, to, target).losses).toEqual([]);
    expect(fitted({ tools: [tool({ name: 'x'.repeat(most + 1) })] }, to, target).losses).toEqual(
      refused,
    );
    const turns = [assistant(call('a', 'look.up')), user(result('a'))];
    expect(fitted({ turns }, to, target).losses).toEqual(refused);
    expect(fitted({ turns }, 'openai-chat', LOCAL).losses).toEqual([]);
  });

  it('refuses a conversation in which nobody says anything', () => {
    const refused = [{ kind: 'refused', name: 'content' }];

    expect(fitted({ turns: [] }).losses).toEqual(refused);
    expect(fitted({ turns: [user(text(' '))] }).losses).toEqual([]);
    expect(fitted({ turns: [user(text(' '))] }, 'anthropic-messages', CLAUDE).losses).toEqual(
      refused,
    );
  });

  it('holds OpenAI to a schema where that can be', () => {
    const strict = { strict: true };
    const format = { type: 'json_schema', name: 'a', schema: OPTIONAL, strict: true } as const;

    const all = fitted({ tools: [tool(strict), tool({ ...strict, schema: OPTIONAL })], format });

    expect(all.tools).toMatchObject([{ strict: true }, { strict: false }]);
    expect(all.format).toMatchObject({ strict: false, schema: OPTIONAL });
    expect(all.losses).toEqual([{ kind: 'dropped', name: 'strict' }]);
    expect(
      fitted({ tools: [tool({ ...strict, schema: OPTIONAL })] }, 'openai-chat', LOCAL),
    ).toEqual(expect.objectContaining({ tools: [expect.objectContaining(strict)], losses: [] }));
  });

  it('says that alternatives at the top are gone', () => {
    const { tools, losses } = fitted({ tools: [tool({ schema: { ...CLOSED, anyOf: [CLOSED] } })] });

    expect(tools).toMatchObject([{ schema: CLOSED }]);
    expect(losses).toEqual([{ kind: 'changed', name: 'schema' }]);
  });

  it('refuses an answer of OpenAI that is no object', () => {
    const format = { type: 'json_schema', name: 'a', schema: { type: 'array' } } as const;

    expect(fitted({ format }).losses).toEqual([{ kind: 'refused', name: 'response_format' }]);
  });

  it('speaks of JSON where nobody does', () => {
    const format = { type: 'json_object' } as const;
    const asked = [user(text('In Json, please.'))];

    expect(fitted({ format, turns: asked })).toMatchObject({ turns: asked, losses: [] });
    const { turns, losses } = fitted({ format }, 'openai-responses');
    expect(turns[0]).toEqual({
      role: 'system',
      parts: [text('Answer with one JSON object and with nothing else.')],
    });
    expect(losses).toEqual([{ kind: 'changed', name: 'response_format' }]);
  });

  it('keeps the last four cache markers for Claude', () => {
    const inner = text('5', CACHE);
    const turns = [
      user(text('1', CACHE), text('2', CACHE)),
      assistant(text('3', CACHE), call('a')),
      user({ type: 'tool-result', id: 'a', kind: 'function', parts: [inner as never] }),
      assistant(text('4', CACHE)),
    ];

    const all = fitted({ tools: [tool({ cache: CACHE })], turns }, 'anthropic-messages', CLAUDE);

    const spelled = JSON.stringify([all.tools, all.turns]);
    expect(spelled.match(/"cache":/g)).toHaveLength(4);
    expect(all.tools[0]).not.toHaveProperty('cache', CACHE);
    expect(all.turns[0]?.parts).toEqual([{ ...text('1'), cache: undefined }, text('2', CACHE)]);
    expect(all.losses).toEqual([{ kind: 'dropped', name: 'cache_control' }]);
  });
});

describe('the schema of arguments', () => {
  it.each<readonly [JsonObject, JsonObject]>([
    [{}, { type: 'object', properties: {} }],
    [{ type: 'object' }, { type: 'object', properties: {} }],
    [
      { type: 'object', properties: { a: { type: 'array' }, b: { type: 'object' } } },
      {
        type: 'object',
        properties: { a: { type: 'array', items: {} }, b: { type: 'object', properties: {} } },
      },
    ],
    [
      { type: 'object', properties: { a: { anyOf: [{ type: 'object' }] } } },
      { type: 'object', properties: { a: { anyOf: [{ type: 'object', properties: {} }] } } },
    ],
    [
      { type: 'object', properties: { enum: { type: 'string', enum: ['object'] } } },
      { type: 'object', properties: { enum: { type: 'string', enum: ['object'] } } },
    ],
  ])('%j says what is in it', (schema, fitted) => {
    expect(fitArguments(schema)).toMatchObject({ schema: fitted, isChanged: false });
  });

  it.each([
    [CLOSED, true],
    [OPTIONAL, false],
    [{ ...CLOSED, additionalProperties: true }, false],
    [{ ...CLOSED, properties: { city: OPTIONAL } }, false],
    [{ ...CLOSED, properties: { city: { type: 'array', items: OPTIONAL } } }, false],
    [{ ...CLOSED, properties: { city: { oneOf: [CLOSED] } } }, false],
    [{ ...CLOSED, properties: { city: { anyOf: [CLOSED] } } }, true],
    [{ ...CLOSED, $defs: { a: OPTIONAL } }, false],
  ])('%j can be strict: %s', (schema, canBeStrict) => {
    expect(fitArguments(schema).canBeStrict).toBe(canBeStrict);
  });

  it('of an answer has to be an object', () => {
    expect(fitAnswer({ type: 'string' })).toBeUndefined();
    expect(fitAnswer({ anyOf: [CLOSED] })).toBeUndefined();
    expect(fitAnswer({ properties: {} })?.schema).toEqual({ type: 'object', properties: {} });
  });
});

describe('the id of a tool call', () => {
  it('stays where every provider takes it', () => {
    expect(portableToolId('toolu_01-A')).toBe('toolu_01-A');
    expect(portableToolId('x'.repeat(40))).toBe('x'.repeat(40));
  });

  it('is else one that they take, the same each time', () => {
    for (const id of ['functions.look:0', 'x'.repeat(41), '', 'ö']) {
      expect(portableToolId(id)).toMatch(/^[\w-]{1,40}$/);
      expect(portableToolId(id)).toBe(portableToolId(id));
    }
    expect(portableToolId('x'.repeat(41))).not.toBe(portableToolId('x'.repeat(42)));
  });
});
