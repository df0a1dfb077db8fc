import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  attemptsOf,
  createGateway,
  fallback,
  type GatewayOptions,
  hedge,
  perCall,
  primary,
  settlementOf,
  target,
} from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';

let own: FakeProvider;
let other: FakeProvider;
beforeAll(async () => {
  [own, other] = await Promise.all([startFakeProvider(), startFakeProvider()]);
});
beforeEach(() => {
  own.reset();
  other.reset();
});
afterAll(() => Promise.all([own.close(), other.close()]));

const messages = [{ role: 'user' as const, content: 'hi' }];
const chat = { model: 'gpt-5-mini', messages };

/** An OpenAI client with Claude behind it. */
function setUp(options: GatewayOptions = {}) {
  const claude = target({
    name: 'claude',
    client: new Anthropic({ apiKey: 'k', baseURL: other.url, maxRetries: 0 }),
    model: 'claude-sonnet-4-6',
  });
  const gateway = createGateway({ route: fallback(primary, claude), ...options });
  const client = gateway.wrap(new OpenAI({ apiKey: 'k', baseURL: `${own.url}/v1`, maxRetries: 0 }));
  return { gateway, client, claude };
}

describe('a translated answer', () => {
  it('is settled with the provider’s own words and figures', async () => {
    own.enqueue({ status: 500 });
    other.enqueue({
      text: 'hello',
      usage: { inputTokens: 10, outputTokens: 3, cachedTokens: 4, cacheWriteTokens: 2 },
    });
    const { client } = setUp();
    const { data, response } = await client.chat.completions.create(chat).withResponse();
    const settlement = await settlementOf(response);

    expect(data.usage).toMatchObject({
      prompt_tokens: 16,
      completion_tokens: 3,
      total_tokens: 19,
      prompt_tokens_details: { cached_tokens: 4, cache_write_tokens: 2 },
    });
    expect(response.headers.get('x-zerohop-target')).toBe('claude');
    expect(settlement).toMatchObject({
      operation: 'chat',
      outcome: 'success',
      text: 'hello',
      usage: { inputTokens: 16, outputTokens: 3, cacheReadTokens: 4, cacheWriteTokens: 2 },
      choices: [{ finishReason: 'end_turn' }],
    });
    expect(settlement.attempts).toMatchObject([{ status: 500 }, { target: 'claude', status: 200 }]);
  });

  it('has the usage of a stream only where it was asked for', async () => {
    own.enqueue({ status: 500 }, { times: 2 });
    const { client } = setUp();
    const usages = async (more: object) => {
      const stream = await client.chat.completions.create({ ...chat, stream: true, ...more });
      const found: unknown[] = [];
      for await (const chunk of stream) if (chunk.usage) found.push(chunk.usage);
      return found;
    };

    expect(await usages({})).toEqual([]);
    expect(await usages({ stream_options: { include_usage: true } })).toHaveLength(1);
  });

  it('has usage for an Anthropic client, whose SDK has it always', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: `${other.url}/v1`, maxRetries: 0 });
    const gateway = createGateway({ route: fallback(target({ name: 'gpt', client, model: 'm' })) });
    const caller = gateway.wrap(new Anthropic({ apiKey: 'k', baseURL: own.url }));
    const { usage } = await caller.messages
      .stream({ model: 'c', max_tokens: 10, messages })
      .finalMessage();

    expect(usage.input_tokens).toBeGreaterThan(0);
    expect(usage.output_tokens).toBeGreaterThan(0);
  });

  it('is a hit from then on, in either mode, without usage that was not asked for', async () => {
    own.enqueue({ status: 500 });
    other.enqueue({ text: 'only once' });
    const { client } = setUp({ cache: { acceptFallback: true } });
    const chunks = async () => {
      const texts: string[] = [];
      for await (const chunk of await client.chat.completions.create({ ...chat, stream: true })) {
        expect(chunk).not.toHaveProperty('usage', expect.anything());
        texts.push(chunk.choices[0]?.delta.content ?? '');
      }
      return texts.join('');
    };
    const first = await chunks();
    const again = await chunks();
    const whole = await client.chat.completions.create(chat);

    expect([first, again, whole.choices[0]?.message.content]).toEqual([
      'only once',
      'only once',
      'only once',
    ]);
    expect(whole.usage?.total_tokens).toBeGreaterThan(0);
    expect(own.requests.length + other.requests.length).toBe(2);
  });

  it('comes through the second door', async () => {
    own.enqueue({ status: 500 }, { times: 3 });
    other.enqueue({ text: 'hello' });
    const { gateway } = setUp({ clock: quickClock() });
    const response = await gateway.fetch(`${own.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer k' },
      body: JSON.stringify(chat),
    });

    expect(response.headers.get('content-type')).toContain('application/json');
    expect(response.headers.get('content-length')).toBeNull();
    expect(await response.json()).toMatchObject({
      object: 'chat.completion',
      choices: [{ message: { content: 'hello' }, finish_reason: 'stop' }],
    });
  });

  it('is gone on with where it breaks', async () => {
    own.enqueue({ status: 500 });
    own.enqueue({ text: ' five six' });
    other.enqueue({ text: 'one two three four', fault: 'reset;after=6' } as never);
    const { client } = setUp();
    const call = perCall({ onInterrupted: 'continue' });
    let text = '';
    for await (const { choices } of await client.chat.completions.create(
      { ...chat, stream: true },
      call,
    )) {
      text += choices[0]?.delta.content ?? '';
    }

    expect(text).toMatch(/^one two.* five six$/);
  });

  it('wins a hedge', async () => {
    own.enqueue({ fault: 'hang' });
    other.enqueue({ text: 'quick' });
    const { claude } = setUp();
    const { client } = setUp({ route: hedge(primary, claude, { after: 5, share: 1 }) });
    const { choices } = await client.chat.completions.create(chat);

    expect(choices[0]?.message.content).toBe('quick');
  });

  it('is a stream where the target answers one in one piece', async () => {
    own.enqueue({ status: 500 });
    const body = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: 'claude-sonnet-4-6',
      content: [{ type: 'text', text: 'in one piece' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 1, output_tokens: 2 },
    };
    other.enqueue({ json: body });
    const { client } = setUp();
    const final = await client.chat.completions.stream(chat).finalChatCompletion();

    expect(final.choices[0]?.message.content).toBe('in one piece');
  });
});

describe('what an answer says beside its words', () => {
  it('comes in order: reasoning before what it led to', async () => {
    const client = new OpenAI({ apiKey: 'k', baseURL: `${other.url}/v1`, maxRetries: 0 });
    const gpt = target({ name: 'gpt', client, model: 'm', dialect: 'openai-chat' });
    const gateway = createGateway({ route: fallback(gpt) });
    const caller = gateway.wrap(new Anthropic({ apiKey: 'k', baseURL: own.url }));
    other.enqueue({
      json: {
        id: 'c',
        object: 'chat.completion',
        model: 'm',
        choices: [
          {
            index: 0,
            finish_reason: 'stop',
            message: { role: 'assistant', content: 'so', reasoning_content: 'because' },
          },
        ],
      },
    });
    const { content } = await caller.messages.create({ model: 'c', max_tokens: 10, messages });

    expect(content.map(({ type }) => type)).toEqual(['thinking', 'text']);
    expect(content[0]).toMatchObject({ signature: expect.stringMatching(/^zerohop:openai-chat:/) });
  });

  it('has the probabilities of a response for a chat client', async () => {
    const token = { token: 'so', logprob: -0.1, bytes: [115, 111], top_logprobs: [] };
    const part = { type: 'output_text', text: 'so', annotations: [], logprobs: [token] };
    const item = {
      id: 'msg_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [part],
    };
    const json = { id: 'r', object: 'response', status: 'completed', model: 'm', output: [item] };
    other.enqueue({ json });
    const client = new OpenAI({ apiKey: 'k', baseURL: `${other.url}/v1`, maxRetries: 0 });
    const gpt = target({ name: 'gpt', client, model: 'm', dialect: 'openai-responses' });
    const { client: caller } = setUp({ route: fallback(gpt) });
    const { choices } = await caller.chat.completions.create({ ...chat, logprobs: true });

    expect(choices[0]?.logprobs?.content).toEqual([token]);
  });

  it('is told where it could not be', async () => {
    own.enqueue({ status: 500 });
    other.enqueue({
      json: {
        id: 'm',
        type: 'message',
        role: 'assistant',
        model: 'c',
        content: [
          { type: 'server_tool_use', id: 's', name: 'web_search', input: {} },
          { type: 'text', text: 'so' },
        ],
        stop_reason: 'end_turn',
        usage: { input_tokens: 1, output_tokens: 1 },
      },
    });
    const { client } = setUp();
    const { response } = await client.chat.completions.create(chat).withResponse();

    expect((await settlementOf(response)).decisions).toContainEqual(
      expect.objectContaining({
        kind: 'answer-shaped',
        detail: { target: 'claude', lost: 'blocks' },
      }),
    );
  });
});

describe('an error of a translated target', () => {
  it('is of the caller’s class, with a body in the caller’s words', async () => {
    other.enqueue({ status: 529 });
    const { claude } = setUp();
    const { client } = setUp({ route: fallback(claude) });
    const error: unknown = await client.chat.completions.create(chat).catch((thrown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.InternalServerError);
    expect(error).toMatchObject({ status: 529, type: 'overloaded_error', code: null, param: null });
    expect(attemptsOf(error)).toMatchObject([{ target: 'claude', status: 529 }]);
  });

  it('in the middle of a stream is one, too', async () => {
    other.enqueue({ text: 'one two three', fault: 'error-event;after=6' } as never);
    const { claude } = setUp();
    const { client } = setUp({ route: fallback(claude) });
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    const error: unknown = await (async () => {
      for await (const _ of stream);
    })().catch((thrown: unknown) => thrown);

    expect(error).toBeInstanceOf(OpenAI.APIError);
    expect(Reflect.get(Object(error), 'error')).not.toHaveProperty('error');
  });
});

describe('what a target cannot be told', () => {
  it('is dropped, and told', async () => {
    own.enqueue({ status: 500 });
    const { client } = setUp();
    const { response } = await client.chat.completions
      .create({ ...chat, n: 2, logprobs: true, seed: 1 })
      .withResponse();
    const { decisions } = await settlementOf(response);

    expect(decisions).toContainEqual(
      expect.objectContaining({
        kind: 'request-shaped',
        detail: { target: 'claude', removed: 'seed n logprobs' },
      }),
    );
  });

  it.each([
    ['error', 503],
    [(name: string) => (name === 'seed' ? 'error' : 'drop'), 503],
    [(name: string) => (name === 'n' ? 'error' : 'drop'), undefined],
  ] as const)('is for the user to decide: %s', async (onUnsupported, status) => {
    own.enqueue({ status: 503 });
    const client = new Anthropic({ apiKey: 'k', baseURL: other.url, maxRetries: 0 });
    const claude = target({ name: 'claude', client, model: 'claude-sonnet-4-6', onUnsupported });
    const { client: caller } = setUp({ route: fallback(primary, claude) });
    const outcome = await caller.chat.completions.create({ ...chat, seed: 1 }).then(
      () => undefined,
      (error: unknown) => Reflect.get(Object(error), 'status') as unknown,
    );

    expect(outcome).toBe(status);
  });

  it('is asked for by a tool where the target has no other way', async () => {
    own.enqueue({ status: 500 });
    other.enqueue({ toolCalls: [{ name: 'place', arguments: { city: 'Bonn' } }] });
    const client = new Anthropic({ apiKey: 'k', baseURL: other.url, maxRetries: 0 });
    const claude = target({
      name: 'claude',
      client,
      model: 'claude-3-7-sonnet',
      capabilities: { structuredOutput: false },
    });
    const { client: caller } = setUp({ route: fallback(primary, claude) });
    const schema = { type: 'object', properties: { city: { type: 'string' } } };
    const { choices } = await caller.chat.completions.create({
      ...chat,
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema } },
    });

    expect(choices).toMatchObject([
      { finish_reason: 'stop', message: { content: '{"city":"Bonn"}' } },
    ]);
    expect(choices[0]?.message.tool_calls).toBeUndefined();
  });

  it.each([undefined, () => 'drop' as const])(
    'has it passed over where the request would mean something else',
    async (onUnsupported) => {
      own.enqueue({ status: 503 });
      const claude = target({
        name: 'claude',
        client: new Anthropic({ apiKey: 'k', baseURL: other.url, maxRetries: 0 }),
        model: 'claude-sonnet-4-6',
        onUnsupported,
      });
      const { client } = setUp({ route: fallback(primary, claude) });
      const file = [{ type: 'file' as const, file: { file_id: 'file-1' } }];
      const asked = client.chat.completions.create({
        ...chat,
        messages: [{ role: 'user', content: file }],
      });

      await expect(asked).rejects.toMatchObject({ status: 503 });
      expect(other.requests).toHaveLength(0);
    },
  );
});

describe('legacy completions', () => {
  it('are had of Claude', async () => {
    own.enqueue({ status: 500 }, { times: 2 });
    other.enqueue({ text: 'once more' }, { times: 2 });
    const { client } = setUp();
    const body = { model: 'gpt-3.5-turbo-instruct', prompt: 'Say it', max_tokens: 20 };
    const { choices, usage } = await client.completions.create(body);
    let text = '';
    for await (const chunk of await client.completions.create({ ...body, stream: true })) {
      text += chunk.choices[0]?.text ?? '';
    }

    expect(choices).toMatchObject([{ text: 'once more', finish_reason: 'stop', index: 0 }]);
    expect(usage?.total_tokens).toBeGreaterThan(0);
    expect(text).toBe('once more');
  });
});
