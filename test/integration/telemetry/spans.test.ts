import Anthropic from '@anthropic-ai/sdk';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOffSampler, BasicTracerProvider } from '@opentelemetry/sdk-trace-base';
import OpenAI from 'openai';
import { afterEach, describe, expect, it } from 'vitest';
import { createGateway, type GatewayOptions, perCall } from 'zerohop';
import { createInMemoryFetch, type InMemoryFetch, type Replier } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';
import { type Recording, recordSpans, see } from './support/recording.js';

const chat = { model: 'gpt-5-mini', messages: [{ role: 'user' as const, content: 'Hi.' }] };

interface Setup {
  readonly recording: Recording;
  readonly client: OpenAI;
  readonly fetch: InMemoryFetch;
}

function setUp(options: GatewayOptions = {}, reply: Replier = {}, baseURL?: string): Setup {
  const recording = recordSpans();
  const fetch = createInMemoryFetch(reply);
  const telemetry = typeof options.telemetry === 'object' ? options.telemetry : {};
  const gateway = createGateway({
    clock: quickClock(),
    ...options,
    telemetry: { tracerProvider: recording.tracerProvider, ...telemetry },
  });
  const client = gateway.wrap(new OpenAI({ apiKey: 'sk-test', fetch, baseURL }));
  return { recording, client, fetch };
}

afterEach(() => {
  trace.disable();
  context.disable();
  propagation.disable();
});

describe('the span of a target', () => {
  it('is a child of what was active where the call was made, and active while it is sent', async () => {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const { recording, client } = setUp({
      attemptInterceptors: [
        async function look(request, next) {
          active.push(trace.getActiveSpan()?.spanContext().spanId);
          return next(request);
        },
      ],
    });
    const active: (string | undefined)[] = [];
    const tracer = recording.tracerProvider.getTracer('app');

    await tracer.startActiveSpan('handler', async (span) => {
      await client.chat.completions.create(chat);
      span.end();
    });

    const [call, handler] = recording.spans();
    expect(call?.parentSpanContext?.spanId).toBe(handler?.spanContext().spanId);
    expect(active).toEqual([call?.spanContext().spanId]);
  });

  it('tells the sampler what it is before it starts', async () => {
    const seen: object[] = [];
    const tracerProvider = new BasicTracerProvider({
      sampler: {
        shouldSample: (...[, , name, , attributes]) => {
          seen.push({ name, ...attributes });
          return { decision: 0 };
        },
      },
    });
    const { client } = setUp({ telemetry: { tracerProvider } });

    await client.chat.completions.create(chat);

    expect(seen).toEqual([
      {
        name: 'chat gpt-5-mini',
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'openai',
        'gen_ai.request.model': 'gpt-5-mini',
        'server.address': 'api.openai.com',
        'server.port': 443,
      },
    ]);
  });

  it('covers all retries, which are its events', async () => {
    const { recording, client, fetch } = setUp();
    fetch.enqueue({ status: 503 }, { times: 2 });

    await client.chat.completions.create(chat);

    const [span, ...others] = recording.spans();
    expect(others).toEqual([]);
    expect(span?.attributes['http.request.resend_count']).toBe(2);
    expect(span?.attributes['zerohop.attempts']).toBe(3);
    expect(
      span?.events.map(({ name, attributes }) => [name, attributes?.['http.request.resend_count']]),
    ).toEqual([
      ['zerohop.retry', 1],
      ['zerohop.retry', 2],
    ]);
    expect(span?.events[0]?.attributes?.['error.type']).toBe('503');
  });

  it('counts the tokens of every attempt', async () => {
    const { recording, client, fetch } = setUp();
    const usage = { prompt_tokens: 10, completion_tokens: 0, total_tokens: 10 };
    const chunk = { id: 'x', object: 'chat.completion.chunk', choices: [], usage };
    fetch.enqueue({
      events: [
        { data: chunk },
        { data: { error: { message: 'overloaded', code: 'server_error' } } },
      ],
    });
    fetch.enqueue({ text: 'Hello.', usage: { inputTokens: 11, outputTokens: 7 } });

    const stream = await client.chat.completions.create({ ...chat, stream: true });
    for await (const _ of stream);

    const [span] = recording.spans();
    expect(span?.attributes).toMatchObject({
      'gen_ai.usage.input_tokens': 21,
      'gen_ai.usage.output_tokens': 7,
    });
  });

  it('says what was asked for', async () => {
    const { recording, client } = setUp({}, { text: ['a', 'b'] });

    await client.chat.completions.create({
      ...chat,
      n: 2,
      max_completion_tokens: 50,
      temperature: 0,
      top_p: 0.9,
      stop: 'END',
      frequency_penalty: 0.1,
      presence_penalty: 0.2,
      seed: 7,
      reasoning_effort: 'low',
      response_format: { type: 'json_object' },
      service_tier: 'flex',
    });

    expect(recording.spans()[0]?.attributes).toMatchObject({
      'gen_ai.request.choice.count': 2,
      'gen_ai.request.max_tokens': 50,
      'gen_ai.request.temperature': 0,
      'gen_ai.request.top_p': 0.9,
      'gen_ai.request.stop_sequences': ['END'],
      'gen_ai.request.frequency_penalty': 0.1,
      'gen_ai.request.presence_penalty': 0.2,
      'gen_ai.request.seed': 7,
      'gen_ai.request.reasoning.level': 'low',
      'gen_ai.output.type': 'json',
      'openai.request.service_tier': 'flex',
      'openai.api.type': 'chat_completions',
      'gen_ai.response.finish_reasons': ['stop', 'stop'],
    });
  });

  it('has nothing of OpenAI where another provider speaks its dialect', async () => {
    const { recording, client } = setUp({}, {}, 'https://api.groq.com/openai/v1');

    await client.chat.completions.create({ ...chat, service_tier: 'flex' });

    const attributes = recording.spans()[0]?.attributes ?? {};
    expect(attributes['gen_ai.provider.name']).toBe('groq');
    expect(Object.keys(attributes).filter((name) => name.startsWith('openai.'))).toEqual([]);
  });

  it.each([
    ['models', (client: OpenAI) => client.models.list(), 'GET /models'],
    ['one model', (client: OpenAI) => client.models.retrieve('gpt-5-mini'), 'GET /models/{id}'],
    [
      'moderations',
      (client: OpenAI) => client.moderations.create({ input: 'x' }),
      'POST /moderations',
    ],
  ])('is named by the path of what the conventions do not know: %s', async (_name, call, name) => {
    const { recording, client } = setUp();

    await call(client);

    expect(recording.spans().map(see)).toMatchObject([
      { name, kind: 'CLIENT', attributes: { 'zerohop.operation': 'passthrough' } },
    ]);
    expect(recording.spans()[0]?.attributes).not.toHaveProperty('gen_ai.operation.name');
  });

  it('calls a response that is fetched by its own name, without usage', async () => {
    const { recording, client } = setUp();
    const { id } = await client.responses.create({ model: 'gpt-5-mini', input: 'Hi.' });

    await client.responses.retrieve(id);

    const span = recording.spans()[1];
    expect(span?.name).toBe('fetch_response');
    expect(span?.attributes).toMatchObject({
      'gen_ai.operation.name': 'fetch_response',
      'gen_ai.response.id': id,
    });
    expect(span?.attributes).not.toHaveProperty('gen_ai.usage.input_tokens');
  });

  it('carries the metadata of client, scope and call', async () => {
    const { recording, client } = setUp({ metadata: { service: 'checkout' } });

    await client.chat.completions.create(
      chat,
      perCall({ metadata: { user: 'u1', nested: { a: 1 }, tier: 3 } }),
    );

    expect(recording.spans()[0]?.attributes).toMatchObject({
      'zerohop.metadata.service': 'checkout',
      'zerohop.metadata.user': 'u1',
      'zerohop.metadata.nested': '{"a":1}',
      'zerohop.metadata.tier': 3,
    });
  });

  it('keeps what matters under pressure: 300 messages, 64 tools, 100 tags of 1 MiB', async () => {
    const tag = 'x'.repeat(1024 * 1024);
    const metadata = Object.fromEntries(Array.from({ length: 100 }, (_, at) => [`tag${at}`, tag]));
    const { recording, client } = setUp(
      { metadata, telemetry: { captureContent: 'span' } },
      { usage: { inputTokens: 11, outputTokens: 7 } },
    );
    const messages = Array.from({ length: 300 }, () => ({
      role: 'user' as const,
      content: 'x'.repeat(4_000),
    }));
    const tools = Array.from({ length: 64 }, (_, at) => ({
      type: 'function' as const,
      function: { name: `tool${at}`, parameters: { type: 'object' } },
    }));

    await client.chat.completions.create({ model: 'gpt-5-mini', messages, tools });

    const attributes = recording.spans()[0]?.attributes ?? {};
    expect(Object.keys(attributes).length).toBeLessThanOrEqual(128);
    expect(recording.spans()[0]?.droppedAttributesCount).toBe(0);
    for (const value of Object.values(attributes)) {
      expect(String(value).length).toBeLessThanOrEqual(65_536);
    }
    expect(attributes).toMatchObject({
      'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.response.finish_reasons': ['stop'],
      'gen_ai.usage.input_tokens': 11,
      'gen_ai.usage.output_tokens': 7,
    });
  });
});

describe('the span of a call', () => {
  it('is above those of its targets where something else has a hand in it', async () => {
    const { recording, client } = setUp({
      metadata: { service: 'checkout' },
      interceptors: [
        async function twice(request, next, gateway) {
          await next({ ...request, body: { ...Object(request.body), model: 'gpt-5-nano' } });
          gateway.decide('asked-twice', { why: 'test' });
          return next(request);
        },
      ],
    });

    await client.chat.completions.create(chat);

    const [first, second, above] = recording.spans();
    expect([first, second, above].map((span) => span && see(span).name)).toEqual([
      'chat gpt-5-nano',
      'chat gpt-5-mini',
      'gateway chat gpt-5-mini',
    ]);
    const parent = above?.spanContext().spanId;
    expect([first, second].map((span) => span?.parentSpanContext?.spanId)).toEqual([
      parent,
      parent,
    ]);
    expect(above?.attributes).toMatchObject({
      'zerohop.operation': 'chat',
      'zerohop.outcome': 'success',
      'zerohop.metadata.service': 'checkout',
    });
    expect(
      Object.keys(above?.attributes ?? {}).filter((name) => !name.startsWith('zerohop.')),
    ).toEqual([]);
    expect(above?.events[0]).toMatchObject({
      name: 'zerohop.decision',
      attributes: { 'zerohop.decision': 'asked-twice', 'zerohop.decision.why': 'test' },
    });
  });

  it('is alone where no target was asked', async () => {
    const { recording, client } = setUp({
      interceptors: [
        async function refuse() {
          throw new Error('no');
        },
      ],
    });

    await expect(client.chat.completions.create(chat)).rejects.toThrow();

    expect(recording.spans().map(see)).toMatchObject([
      {
        name: 'gateway chat gpt-5-mini',
        kind: 'INTERNAL',
        status: 'ERROR',
        attributes: { 'error.type': 'interceptor' },
      },
    ]);
  });

  it('is there for a call that a closed gateway refuses', async () => {
    const { recording, client } = setUp();
    const { gateway } = client as unknown as { gateway: { close(): Promise<void> } };
    await gateway.close();

    await expect(client.chat.completions.create(chat)).rejects.toThrow();
    await recording.allEnded();

    expect(recording.ends()).toEqual([1]);
    expect(recording.spans().map(see)).toMatchObject([{ status: 'ERROR' }]);
  });
});

describe('trace context', () => {
  it('stays at home unless it is asked to travel', async () => {
    const { client, fetch } = setUp();

    await client.chat.completions.create(chat);

    expect(fetch.requests[0]?.headers).not.toHaveProperty('traceparent');
  });

  it('travels as traceparent, on every attempt', async () => {
    const { recording, client, fetch } = setUp({ telemetry: { propagate: true } });
    fetch.enqueue({ status: 503 });

    await client.chat.completions.create(chat);

    const { traceId = '', spanId = '' } = recording.spans()[0]?.spanContext() ?? {};
    const traceparent = `00-${traceId}-${spanId}-01`;
    expect(fetch.requests.map(({ headers }) => headers.traceparent)).toEqual([
      traceparent,
      traceparent,
    ]);
  });
});

describe('providers', () => {
  it('makes one span where the Anthropic SDK would make another', async () => {
    const recording = recordSpans();
    trace.setGlobalTracerProvider(recording.tracerProvider);
    const client = createGateway().wrap(
      new Anthropic({ apiKey: 'sk-test', fetch: createInMemoryFetch() }),
    );

    await client.messages.create({
      model: 'claude-sonnet-4-6',
      max_tokens: 5,
      messages: chat.messages,
    });
    await client
      .withOptions({ timeout: 5_000 })
      .messages.create({ model: 'claude-sonnet-4-6', max_tokens: 5, messages: chat.messages });
    await new Promise((resolve) => setTimeout(resolve, 20));

    expect(recording.spans().map(({ instrumentationScope }) => instrumentationScope.name)).toEqual([
      'zerohop',
      'zerohop',
    ]);
  });

  it('are found when they are registered after the gateway was made', async () => {
    const client = createGateway().wrap(
      new OpenAI({ apiKey: 'sk-test', fetch: createInMemoryFetch() }),
    );
    await client.chat.completions.create(chat);
    const recording = recordSpans();
    trace.setGlobalTracerProvider(recording.tracerProvider);

    await client.chat.completions.create(chat);

    expect(recording.spans()).toHaveLength(1);
  });

  it('are not asked while telemetry is off', async () => {
    const recording = recordSpans();
    trace.setGlobalTracerProvider(recording.tracerProvider);
    const client = createGateway({ telemetry: false }).wrap(
      new OpenAI({ apiKey: 'sk-test', fetch: createInMemoryFetch() }),
    );

    await client.chat.completions.create(chat);

    expect(recording.ends()).toEqual([]);
  });

  it('are given nothing of a call that is not sampled', async () => {
    const tracerProvider = new BasicTracerProvider({ sampler: new AlwaysOffSampler() });
    const { client } = setUp({
      telemetry: { tracerProvider, captureContent: 'span', redact: () => fail() },
    });
    let asked = 0;
    const fail = () => {
      asked += 1;
      return undefined;
    };

    await client.chat.completions.create(chat);

    expect(asked).toBe(0);
  });

  it.each(['startSpan', 'setAttribute', 'addEvent', 'setStatus', 'end'])(
    'break no call when %s() throws',
    async (method) => {
      const recording = recordSpans();
      const boom = () => {
        throw new Error('telemetry is broken');
      };
      const getTracer = () => {
        const tracer = recording.tracerProvider.getTracer('x');
        if (method === 'startSpan') return { ...tracer, startSpan: boom };
        const startSpan: typeof tracer.startSpan = (...given) =>
          Object.assign(tracer.startSpan(...given), { [method]: boom });
        return { ...tracer, startSpan };
      };
      const { client, fetch } = setUp({ telemetry: { tracerProvider: { getTracer } } });
      fetch.enqueue({ status: 503 });
      fetch.enqueue({ text: 'Hello.' });
      fetch.enqueue({ status: 400 });

      const { choices } = await client.chat.completions.create(chat);
      const refused = await client.chat.completions.create(chat).catch((error: unknown) => error);

      expect(choices[0]?.message.content).toBe('Hello.');
      expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    },
  );
});
