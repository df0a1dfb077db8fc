import { describe, expect, it } from 'vitest';
import { type Capability, needsOf } from '../../../src/dialects/request-needs.js';

const user = (...content: readonly object[]) => ({ messages: [{ role: 'user', content }] });
const input = (...items: readonly object[]) => ({ input: items });
const schema = { type: 'json_schema', schema: {} };

describe('needsOf', () => {
  it.each<[Capability, string, object]>([
    ['tools', 'a function', { tools: [{ type: 'function', function: { name: 'f' } }] }],
    ['tools', 'a custom tool', { tools: [{ type: 'custom', custom: { name: 'f' } }] }],
    ['tools', "Anthropic's kind of tool", { tools: [{ name: 'f', input_schema: {} }] }],
    ['tools', 'functions as they once were', { functions: [{ name: 'f' }] }],
    [
      'tools',
      'a result in chat',
      { messages: [{ role: 'tool', tool_call_id: 'c', content: '1' }] },
    ],
    ['tools', 'a call in chat', { messages: [{ role: 'assistant', tool_calls: [{ id: 'c' }] }] }],
    ['tools', 'a call as it once was', { messages: [{ role: 'assistant', function_call: {} }] }],
    ['tools', "a call in Anthropic's messages", user({ type: 'tool_use', id: 't' })],
    ['tools', "a result in Anthropic's messages", user({ type: 'tool_result', content: '1' })],
    ['tools', 'a call in Responses', input({ type: 'function_call', call_id: 'c' })],
    ['tools', 'a result in Responses', input({ type: 'function_call_output', output: '1' })],
    ['hostedTools', "Anthropic's web search", { tools: [{ type: 'web_search_20250305' }] }],
    ['hostedTools', 'web search in Responses', { tools: [{ type: 'web_search' }] }],
    ['hostedTools', 'web search in chat', { web_search_options: {} }],
    ['hostedTools', 'MCP servers', { mcp_servers: [{ type: 'url' }] }],
    ['images', 'an image in chat', user({ type: 'image_url', image_url: { url: 'data:' } })],
    ['images', "an image in Anthropic's messages", user({ type: 'image', source: {} })],
    [
      'images',
      'an image in Responses',
      input({ role: 'user', content: [{ type: 'input_image' }] }),
    ],
    ['audio', 'speech', user({ type: 'input_audio', input_audio: {} })],
    ['audio', 'an answer that speaks', { modalities: ['text', 'audio'], audio: { voice: 'ash' } }],
    ['documents', 'a file in chat', user({ type: 'file', file: {} })],
    ['documents', "a document in Anthropic's messages", user({ type: 'document', source: {} })],
    [
      'documents',
      'a file in Responses',
      input({ role: 'user', content: [{ type: 'input_file' }] }),
    ],
    ['structuredOutput', 'a schema in chat', { response_format: schema }],
    ['structuredOutput', 'a schema in Responses', { text: { format: schema } }],
    ['structuredOutput', "a schema in Anthropic's messages", { output_config: { format: schema } }],
    ['structuredOutput', 'a schema as Anthropic once had it', { output_format: schema }],
    ['logprobs', 'logprobs in chat', { logprobs: true }],
    ['logprobs', 'logprobs of completions', { logprobs: 2 }],
    ['logprobs', 'the top ones', { top_logprobs: 2 }],
    ['logprobs', 'logprobs in Responses', { include: ['message.output_text.logprobs'] }],
    ['multipleChoices', 'more than one choice', { n: 2 }],
  ])('%s: %s', (capability, _, body) => {
    expect([...needsOf(body, false)]).toEqual([capability]);
  });

  it('looks into what tools gave back', () => {
    const inMessages = user({ type: 'tool_result', content: [{ type: 'image', source: {} }] });
    const inItems = input({ type: 'function_call_output', output: [{ type: 'input_file' }] });

    expect(needsOf(inMessages, false)).toEqual(new Set(['tools', 'images']));
    expect(needsOf(inItems, false)).toEqual(new Set(['tools', 'documents']));
  });

  it('needs streaming where a stream is asked for', () => {
    expect([...needsOf({}, true)]).toEqual(['streaming']);
  });

  it.each([
    ['plain messages', { messages: [{ role: 'user', content: 'hi' }], n: 1, logprobs: false }],
    ['a text', { input: 'hi', tools: [], functions: [], top_logprobs: 0 }],
    ['any JSON', { response_format: { type: 'json_object' }, text: { format: { type: 'text' } } }],
    ['what makes no sense', { messages: [null, 'x', { content: [null, 7] }], tools: {}, n: 'two' }],
    ['no body', undefined],
    ['a body that is none', 'text'],
  ])('needs nothing for %s', (_, body) => {
    expect([...needsOf(body, false)]).toEqual([]);
  });
});
