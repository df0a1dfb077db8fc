import { describe, expect, it } from 'vitest';

import { type CheckOptions, checkBody } from '../../../src/testing/strict/check-request.js';
import { sealOf } from '../../../src/testing/strict/seal.js';

type Body = Readonly<Record<string, unknown>>;
/** What is refused: a name, what is changed in a good request, and a piece of the message. */
type Refused = [name: string, change: Body, message: string, options?: CheckOptions];

const CLOSED = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const OPEN = { type: 'object', properties: { city: { type: 'string' } } };
const hi = { role: 'user', content: 'hi' };
const LOGPROBS = 'message.output_text.logprobs';
const LONG = 'x'.repeat(65);

describe('a chat completion', () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{}' } };
  const tool = { type: 'function', function: { name: 'weather', parameters: OPEN } };
  const calling = { role: 'assistant', content: null, tool_calls: [call] };
  const result = { role: 'tool', tool_call_id: 'call_1', content: '20' };
  const good = {
    model: 'gpt-4o',
    messages: [{ role: 'system', content: 'Be brief.' }, hi, calling, result],
    tools: [tool],
    tool_choice: 'auto',
    temperature: 0.5,
    max_tokens: 9,
    response_format: {
      type: 'json_schema',
      json_schema: { name: 'trip', schema: CLOSED, strict: true },
    },
    stream: true,
    stream_options: { include_usage: true },
  };
  const plain = { tools: undefined, tool_choice: undefined, messages: [hi] };
  const withCall = (changed: Body) => ({
    messages: [hi, { ...calling, tool_calls: [{ ...call, ...changed }] }, result],
  });
  const withTool = (changed: Body) => ({
    ...plain,
    tools: [{ type: 'function', function: { ...tool.function, ...changed } }],
  });
  const format = (schema: Body) => ({
    response_format: { type: 'json_schema', json_schema: { name: 'a', schema, strict: true } },
  });
  const reasoning = { model: 'gpt-5-mini', temperature: undefined, max_tokens: undefined };

  it.each<[string, Body]>([
    ['the good one', {}],
    ['of a model that reasons', { ...reasoning, reasoning_effort: 'minimal' }],
    ['with usual sampling of a model that reasons', { ...reasoning, temperature: 1 }],
    ['at rest', { ...reasoning, model: 'gpt-5.2', reasoning_effort: 'none', temperature: 0.2 }],
    ['with what came in the last answer', withAnswer({ refusal: null, annotations: [] })],
  ])('%s is taken', (_, change) => {
    expect(checkBody('chat', { ...good, ...change })).toBeUndefined();
  });

  function withAnswer(more: Body): Body {
    return { messages: [hi, { role: 'assistant', content: 'Hello.', ...more }, hi] };
  }

  it.each<Refused>([
    ['no model', { model: undefined }, 'must provide a model'],
    ['no messages', { messages: undefined }, "Missing required parameter: 'messages'"],
    ['no message', { messages: [] }, "Invalid 'messages': empty array"],
    ['a completion model', { model: 'gpt-3.5-turbo-instruct' }, 'not a chat model'],
    ['an unknown parameter', { top_k: 3 }, "Unknown parameter: 'top_k'"],
    ['an unknown role', { messages: [{ ...hi, role: 'bot' }] }, "Invalid value: 'bot'"],
    ['a strange name', { messages: [{ ...hi, name: 'a b' }] }, 'does not match pattern'],
    ['reasoning', withAnswer({ reasoning_content: 'Hm.' }), "messages[1].reasoning_content'"],
    ['reasoning details', withAnswer({ reasoning_details: [] }), 'reasoning_details'],
    [
      'a cache marker',
      { messages: [{ role: 'user', content: [{ type: 'text', text: 'a', cache_control: {} }] }] },
      "messages[0].content[0].cache_control'",
    ],
    [
      'nothing said',
      { messages: [{ role: 'user', content: null }] },
      'expected a string, got null',
    ],
    ['no parts', { messages: [{ role: 'user', content: [] }] }, 'empty array'],
    [
      'a part of another dialect',
      { messages: [{ role: 'user', content: [{ type: 'input_text', text: 'a' }] }] },
      "Invalid value: 'input_text'",
    ],
    [
      'an image in a result',
      {
        messages: [
          hi,
          calling,
          { ...result, content: [{ type: 'image_url', image_url: { url: 'https://a.test' } }] },
        ],
      },
      'Image URLs are only allowed',
    ],
    [
      'an image in an unknown form',
      {
        messages: [
          {
            role: 'user',
            content: [{ type: 'image_url', image_url: { url: 'data:image/tiff;base64,AA==' } }],
          },
        ],
      },
      'unsupported image',
    ],
    [
      'a file that is no PDF',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'file', file: { filename: 'a', file_data: 'data:audio/ogg;base64,AA==' } },
            ],
          },
        ],
      },
      "unsupported MIME type 'audio/ogg'",
    ],
    [
      'a file without a name',
      { messages: [{ role: 'user', content: [{ type: 'file', file: { file_data: 'AA==' } }] }] },
      'file.filename',
    ],
    ['a result without a call', { messages: [hi, result] }, "messages with role 'tool' must be"],
    ['a call without a result', { messages: [hi, calling] }, 'did not have response messages'],
    ['a result too late', { messages: [hi, calling, hi, result] }, 'call_1'],
    ['an id too long', withCall({ id: 'x'.repeat(41) }), 'maximum length 40'],
    [
      'arguments that are an object',
      withCall({ function: { name: 'weather', arguments: {} } }),
      'expected a string',
    ],
    ['a choice without tools', { ...plain, tool_choice: 'auto' }, "only allowed when 'tools'"],
    [
      'parallel calls without tools',
      { ...plain, parallel_tool_calls: false },
      'parallel_tool_calls',
    ],
    [
      'a choice of no tool',
      { tool_choice: { type: 'function', function: { name: 'time' } } },
      "'time' not found",
    ],
    ['no tool', { ...plain, tools: [] }, "Invalid 'tools': empty array"],
    ['a flat tool', { tools: [{ type: 'function', name: 'a' }] }, "'tools[0].name'"],
    ['a dotted name', withTool({ name: 'a.b' }), 'does not match pattern'],
    ['a long name', withTool({ name: LONG }), 'string too long'],
    ['a strict tool that is open', withTool({ strict: true }), 'additionalProperties'],
    ['arguments of no type', withTool({ parameters: {} }), 'got \'type: "None"\''],
    ['arguments without properties', withTool({ parameters: { type: 'object' } }), 'properties'],
    ['alternatives at the top', withTool({ parameters: { ...OPEN, anyOf: [] } }), 'top level'],
    ['five stops', { stop: ['a', 'b', 'c', 'd', 'e'] }, 'maximum length 4'],
    ['a schema that is open', format(OPEN), "'additionalProperties' is required"],
    ['a schema with an optional member', format({ ...CLOSED, required: [] }), "Missing 'city'"],
    [
      'any JSON without the word',
      { ...plain, response_format: { type: 'json_object' } },
      "must contain the word 'json'",
    ],
    ['usage without a stream', { stream: false }, "only allowed when 'stream'"],
    ['top logprobs alone', { top_logprobs: 2 }, "only allowed when 'logprobs'"],
    ['search of a model that cannot', { web_search_options: {} }, 'Web search options'],
    ['a wild temperature', { temperature: 3 }, 'Expected a value <= 2'],
    ['no token', { max_tokens: 0 }, 'Expected a value >= 1'],
    ['a temperature of text', { temperature: 'hot' }, 'expected a number'],
    ['two bounds', { max_completion_tokens: 9 }, 'at the same time'],
    ['an effort of a model that does not reason', { reasoning_effort: 'low' }, 'reasoning_effort'],
    ['verbosity of such a model', { verbosity: 'low' }, "'verbosity' does not support"],
    [
      'sampling of a model that reasons',
      { ...reasoning, temperature: 0.5 },
      'Only the default (1)',
    ],
    ['a stop of such a model', { ...reasoning, stop: 'a' }, "'stop' is not supported"],
    ['probabilities of such a model', { ...reasoning, logprobs: true }, 'logprobs'],
    ['max_tokens of such a model', { ...reasoning, max_tokens: 9 }, "Use 'max_completion_tokens'"],
    ['an effort that it does not know', { ...reasoning, reasoning_effort: 'xhigh' }, 'are: '],
    ['an unknown model', {}, 'does not exist', { models: ['gpt-5'] }],
  ])('with %s is refused', (_, change, message, options) => {
    expect(checkBody('chat', { ...good, ...change }, options)?.message).toContain(message);
  });

  it('meets fewer rules at a server that is not OpenAI', () => {
    const body = { ...good, top_k: 3, stop: ['a', 'b', 'c', 'd', 'e'], reasoning_effort: 'low' };

    expect(checkBody('chat', body, { provider: 'local' })).toBeUndefined();
    expect(checkBody('chat', { ...body, messages: [hi, result] }, { provider: 'local' })).toEqual(
      expect.objectContaining({ message: expect.stringContaining("role 'tool'") }),
    );
  });
});

describe('a response', () => {
  const call = { type: 'function_call', call_id: 'call_1', name: 'weather', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: 'call_1', output: '20' };
  const thought = {
    type: 'reasoning',
    id: 'rs_1',
    summary: [{ type: 'summary_text', text: 'Hm.' }],
    encrypted_content: sealOf('Hm.'),
  };
  const tool = { type: 'function', name: 'weather', parameters: OPEN, strict: false };
  const good = {
    model: 'gpt-5-mini',
    instructions: 'Be brief.',
    input: [hi, thought, call, output, { role: 'assistant', content: 'Warm.' }, hi],
    tools: [tool],
    reasoning: { effort: 'low', summary: 'auto' },
    include: ['reasoning.encrypted_content'],
    max_output_tokens: 16,
    store: false,
    text: { format: { type: 'json_schema', name: 'a', schema: CLOSED, strict: true } },
  };
  const plain = { model: 'gpt-4o', reasoning: undefined, include: undefined, input: [hi] };
  const said = (role: string, ...content: readonly Body[]) => ({ input: [{ role, content }] });

  it('that is good is taken', () => {
    expect(checkBody('responses', good)).toBeUndefined();
    expect(checkBody('responses', { model: 'gpt-4o', input: 'hi' })).toBeUndefined();
    expect(checkBody('responses', { ...plain, input: [output], previous_response_id: 'r' })).toBe(
      undefined,
    );
  });

  it.each<Refused>([
    ['no model', { model: undefined }, "'model'"],
    ['no input', { input: undefined }, "'input'"],
    ['an empty input', { input: [] }, 'empty array'],
    ['an unknown parameter', { foo: 1 }, "Unknown parameter: 'foo'"],
    ['messages', { messages: [] }, "moved to 'input'"],
    ['max_tokens', { max_tokens: 9 }, "moved to 'max_output_tokens'"],
    ['response_format', { response_format: {} }, "moved to 'text.format'"],
    ['usage in the stream', { stream_options: { include_usage: true } }, 'include_usage'],
    ['too few tokens', { max_output_tokens: 15 }, 'Expected a value >= 16'],
    ['sampling of a model that reasons', { temperature: 0.5 }, "'temperature' does not support"],
    [
      'an effort that it does not know',
      { reasoning: { effort: 'none' } },
      'not supported with the',
    ],
    ['an effort of a model that does not', { ...plain, reasoning: { effort: 'low' } }, 'effort'],
    [
      'probabilities of a model that reasons',
      { include: [LOGPROBS] },
      'logprobs are not supported',
    ],
    ['encryption of such a model', { ...plain, include: good.include }, 'Encrypted content is not'],
    ['an output without a call', { input: [hi, output] }, 'No tool call found'],
    ['a call without an output', { input: [hi, call] }, 'No tool output found'],
    ['a foreign id', { input: [hi, { ...call, id: 'call_9' }, output] }, "begins with 'fc'"],
    ['a foreign reasoning id', { input: [hi, { ...thought, id: 'x' }, hi] }, "begins with 'rs'"],
    ['a foreign message id', { input: [{ ...hi, id: 'chatcmpl-1' }] }, "begins with 'msg'"],
    [
      'encrypted content that was not given out',
      { input: [hi, { ...thought, encrypted_content: 'zerohop:x' }, hi] },
      'could not be verified',
    ],
    ['reasoning that led nowhere', { input: [hi, thought] }, 'required following item'],
    ['a call id too long', { input: [hi, { ...call, call_id: LONG }, output] }, 'length 64'],
    ['arguments that are an object', { input: [hi, { ...call, arguments: {} }, output] }, 'string'],
    ['an unknown member', { input: [{ ...hi, name: 'ann' }] }, "'input[0].name'"],
    ['an item without a type', { input: [{ text: 'hi' }] }, "'input[0].type'"],
    ['a role of chat', { input: [{ ...hi, role: 'tool' }] }, "Invalid value: 'tool'"],
    ['a part of chat', said('user', { type: 'text', text: 'a' }), "Invalid value: 'text'"],
    ['an answer told', said('assistant', { type: 'input_text', text: 'a' }), "'output_text'"],
    [
      'a file of sound',
      said('user', { type: 'input_file', filename: 'a', file_data: 'data:audio/aac;base64,AA' }),
      'not supported. Please try again with a pdf',
    ],
    ['a nested tool', { tools: [{ type: 'function', function: tool }] }, "'tools[0].name'"],
    ['a strict tool that is open', { tools: [{ ...tool, strict: true }] }, 'additionalProperties'],
    ['a choice without tools', { tools: [], tool_choice: 'required' }, 'must be specified with'],
    [
      'a choice of chat',
      { tool_choice: { type: 'function', function: {} } },
      'tool_choice.function',
    ],
    [
      'any JSON of which only the instructions speak',
      { input: 'hi', instructions: 'JSON', text: { format: { type: 'json_object' } } },
      "must contain the word 'json'",
    ],
    [
      'a schema that is open',
      { text: { format: { type: 'json_schema', name: 'a', schema: OPEN, strict: true } } },
      'additionalProperties',
    ],
    [
      'a schema nested as in chat',
      { text: { format: { type: 'json_schema', json_schema: {} } } },
      'text.format.json_schema',
    ],
    ['an unknown model', {}, 'requested model', { models: ['gpt-5'] }],
  ])('with %s is refused', (_, change, message, options) => {
    expect(checkBody('responses', { ...good, ...change }, options)?.message).toContain(message);
  });
});

describe('a message', () => {
  const use = { type: 'tool_use', id: 'toolu_1', name: 'weather', input: {} };
  const result = { type: 'tool_result', tool_use_id: 'toolu_1', content: '20' };
  const thought = { type: 'thinking', thinking: 'Hm.', signature: sealOf('Hm.') };
  const tool = { name: 'weather', input_schema: OPEN };
  const saying = (...content: readonly Body[]) => ({ role: 'user', content });
  const answering = (...content: readonly Body[]) => ({ role: 'assistant', content });
  const good = {
    model: 'claude-sonnet-4-5',
    max_tokens: 2048,
    system: [{ type: 'text', text: 'Be brief.' }],
    messages: [hi, answering(thought, use), saying(result, { type: 'text', text: 'And?' })],
    tools: [tool],
    tool_choice: { type: 'auto' },
    thinking: { type: 'enabled', budget_tokens: 1024 },
    metadata: { user_id: 'u1' },
    stop_sequences: ['\n\nend'],
    output_config: { format: { type: 'json_schema', schema: CLOSED } },
  };
  const idle = { thinking: undefined };
  const newer = { model: 'claude-opus-4-8', thinking: { type: 'adaptive' } };
  const older = { model: 'claude-3-7-sonnet-20250219', output_config: undefined };
  const messages = (...list: readonly unknown[]) => ({ messages: list, ...idle });
  const image = (source: Body) => messages(saying({ type: 'image', source }));
  const tools = (changed: Body) => ({ tools: [{ ...tool, ...changed }] });
  const format = (schema: Body) => ({ output_config: { format: { type: 'json_schema', schema } } });
  const OLD = { version: '2023-06-01' };

  it.each<[string, Body, CheckOptions?]>([
    ['the good one', {}],
    ['of a newer model', { ...newer, output_config: { effort: 'xhigh' } }],
    ['of an older model', older],
    ['with sampling in the older version', { ...idle, temperature: 0.5 }, OLD],
    ['begun, of an older model', messages(hi, { role: 'assistant', content: 'Once' })],
  ])('%s is taken', (_, change, options) => {
    expect(checkBody('messages', { ...good, ...change }, options)).toBeUndefined();
  });

  it.each<Refused>([
    ['no max_tokens', { max_tokens: undefined }, 'max_tokens: Field required'],
    ['no model', { model: undefined }, 'model: Field required'],
    ['max_tokens of nothing', { max_tokens: 0 }, 'greater than or equal to 1'],
    ['a budget too small', { thinking: { type: 'enabled', budget_tokens: 9 } }, '1024'],
    ['max_tokens within the budget', { max_tokens: 1024 }, '`max_tokens` must be greater'],
    ['no message', messages(), 'at least one message'],
    ['a message of text', messages('hi'), 'messages.0: Input does not match the expected shape.'],
    ['consecutive roles', messages(hi, hi), 'roles must alternate'],
    ['an assistant first', messages({ role: 'assistant', content: 'a' }, hi), 'first message must'],
    ['a system role', messages({ role: 'system', content: 'a' }, hi), 'Unexpected role "system"'],
    ['a tool role', messages({ role: 'tool', content: 'a' }), "Input should be 'user'"],
    ['a name', messages({ ...hi, name: 'ann' }), 'messages.0.name: Extra inputs'],
    ['an unknown parameter', { n: 2 }, 'n: Extra inputs are not permitted'],
    ['a stray member in a block', messages(saying({ type: 'text', text: 'a', x: 1 })), 'text.x'],
    ['a temperature', { temperature: 1 }, 'temperature: Extra inputs are not permitted'],
    ['top_p', { top_p: 1 }, 'top_p: Extra inputs'],
    ['top_k', { top_k: 1 }, 'top_k: Extra inputs'],
    ['an old temperature, newly', { ...newer, temperature: 0.5 }, 'sampling parameters', OLD],
    ['two kinds of sampling', { ...idle, temperature: 1, top_p: 1 }, 'cannot both', OLD],
    ['a temperature while thinking', { temperature: 0.5 }, 'may only be set to 1', OLD],
    ['too high a temperature', { ...idle, ...older, temperature: 2 }, 'range: 0..1', OLD],
    ['a call without a result', messages(hi, answering(use), hi), 'without `tool_result` blocks'],
    ['a result without a call', messages(saying(result)), 'unexpected `tool_use_id`'],
    [
      'a result behind a text',
      messages(hi, answering(use), saying({ type: 'text', text: 'a' }, result)),
      'immediately after',
    ],
    ['a result given twice', messages(hi, answering(use), saying(result, result)), 'single result'],
    [
      'an id that comes again',
      messages(hi, answering(use), saying(result), answering(use), saying(result)),
      'must be unique',
    ],
    [
      'a bad id',
      messages(hi, answering({ ...use, id: 'a.b:0' }), hi),
      'tool_use.id: String should',
    ],
    ['arguments of text', messages(hi, answering({ ...use, input: '{}' }), hi), 'valid dictionary'],
    ['an empty error', messages(hi, answering(use), saying(emptyError())), 'cannot be empty'],
    ['an empty text', messages(saying({ type: 'text', text: '' })), 'must be non-empty'],
    ['a blank text', messages({ role: 'user', content: ' \n' }), 'non-whitespace'],
    ['an empty message', messages({ role: 'user', content: [] }), 'non-empty content'],
    ['an empty system text', { system: [{ type: 'text', text: '' }] }, 'system: text content'],
    [
      'a blank at the end',
      messages(hi, { role: 'assistant', content: 'a ' }),
      'trailing whitespace',
    ],
    [
      'an answer begun for a newer model',
      { ...messages(hi, { role: 'assistant', content: 'a' }), model: 'claude-sonnet-4-6' },
      'does not support assistant message prefill',
    ],
    ['a call by the user', messages(saying(use)), '`tool_use` blocks can only be in `assistant`'],
    ['an image by the assistant', messages(hi, answering({ type: 'image' })), 'only be in `user`'],
    [
      'sources on a text of the user',
      messages(saying({ type: 'text', text: 'a', citations: [{}] })),
      'citations',
    ],
    [
      'an image in an unknown form',
      image({ type: 'base64', media_type: 'image/tiff' }),
      'image/png',
    ],
    ['an image by HTTP', image({ type: 'url', url: 'http://a.test/a.png' }), 'Only HTTPS'],
    [
      'a signature that was not given out',
      messages(hi, answering({ ...thought, signature: 'c2ln' }, use), saying(result)),
      'messages.1.content.0: Invalid `signature` in `thinking` block',
    ],
    [
      'a thought that was changed',
      messages(hi, answering({ ...thought, thinking: 'Ha.' }, use), saying(result)),
      'Invalid `signature`',
    ],
    [
      'a hidden thought of others',
      messages(hi, answering({ type: 'redacted_thinking', data: 'x' }, use), saying(result)),
      'Invalid `data`',
    ],
    ['a forced call while thinking', { tool_choice: { type: 'any' } }, 'forces tool use'],
    [
      'a loop without its thought',
      { messages: [hi, answering(use), saying(result)] },
      'Expected `thinking` or `redacted_thinking`, but found `tool_use`',
    ],
    ['a budget for a newer model', { ...newer, thinking: good.thinking }, 'thinking.type.adaptive'],
    ['no budget for an older model', { thinking: { type: 'adaptive' } }, 'not supported on this'],
    ['an effort of an older model', { output_config: { effort: 'low' } }, 'effort parameter'],
    [
      'an effort too high',
      { ...newer, model: 'claude-opus-4-6', output_config: { effort: 'xhigh' } },
      "This model does not support effort level 'xhigh'. Supported levels: high, low, max, medium.",
    ],
    [
      'a schema that is open',
      format(OPEN),
      "'additionalProperties' must be explicitly set to false",
    ],
    [
      'a schema with a bound',
      format({ ...CLOSED, properties: { city: { type: 'string', maxLength: 2 } } }),
      "'maxLength' is not supported",
    ],
    ['a schema for an older model', { ...format(CLOSED), model: older.model }, 'output format'],
    ['a strict tool that is open', tools({ strict: true }), 'additionalProperties'],
    ['a long user id', { metadata: { user_id: 'x'.repeat(257) } }, 'at most 256 characters'],
    ['an address as user id', { metadata: { user_id: 'ann@example.com' } }, 'email address'],
    ['other metadata', { metadata: { trace: '1' } }, 'metadata.trace'],
    ['a blank stop', { stop_sequences: ['\n'] }, 'non-whitespace'],
    ['a dotted tool name', tools({ name: 'a.b' }), 'tools.0.custom.name: String should match'],
    ['two tools of one name', { tools: [tool, tool] }, 'Tool names must be unique'],
    ['a tool of chat', { tools: [{ type: 'custom', function: {} }] }, 'function: Extra inputs'],
    ['arguments of no type', tools({ input_schema: {} }), 'input_schema.type: Field required'],
    ['alternatives', tools({ input_schema: { ...OPEN, anyOf: [] } }), 'does not support oneOf'],
    ['a choice without tools', { tools: undefined }, 'only be specified while providing tools'],
    ['a choice of no tool', { ...idle, tool_choice: { type: 'tool', name: 'a' } }, "'a' not found"],
    ['a choice of chat', { tool_choice: 'auto' }, 'tool_choice: Input should be'],
    [
      'five cache markers',
      { system: Array(5).fill({ type: 'text', text: 'a', cache_control: { type: 'ephemeral' } }) },
      'A maximum of 4 blocks',
    ],
    [
      'a prompt too long',
      messages({ role: 'user', content: 'x'.repeat(800_008) }),
      'is too long: 200005 tokens > 200000 maximum',
    ],
    ['an unknown model', {}, 'model: claude-sonnet-4-5', { models: [] }],
  ])('with %s is refused', (_, change, message, options) => {
    expect(checkBody('messages', { ...good, ...change }, options)?.message).toContain(message);
  });

  function emptyError(): Body {
    return { type: 'tool_result', tool_use_id: 'toolu_1', is_error: true };
  }
});
