import type { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import type Anthropic from '@anthropic-ai/sdk';
import OpenAI, { type AzureOpenAI } from 'openai';
import type OpenAI6 from 'openai-6';
import { describe, expectTypeOf, test } from 'vitest';
import {
  createGateway,
  createGatewayClient,
  type Gateway,
  type GatewayClient,
  type GatewayOptions,
  perCall,
} from 'zerohop';
import { type AnthropicGatewayClient, createAnthropicGatewayClient } from 'zerohop/anthropic';

class Tenant extends OpenAI {
  readonly tenant: string = 'acme';
}

describe('a gateway client is a client of its SDK', () => {
  test('createGatewayClient() gives an OpenAI with its gateway', () => {
    expectTypeOf(createGatewayClient).returns.toExtend<OpenAI>();
    expectTypeOf(createGatewayClient).returns.toEqualTypeOf<GatewayClient>();
    expectTypeOf<GatewayClient['gateway']>().toEqualTypeOf<Gateway>();
    expectTypeOf<GatewayClient['chat']>().toEqualTypeOf<OpenAI['chat']>();
  });

  test('createAnthropicGatewayClient() gives an Anthropic with its gateway', () => {
    expectTypeOf(createAnthropicGatewayClient).returns.toExtend<Anthropic>();
    expectTypeOf(createAnthropicGatewayClient).returns.toEqualTypeOf<AnthropicGatewayClient>();
    expectTypeOf<AnthropicGatewayClient['messages']>().toEqualTypeOf<Anthropic['messages']>();
  });

  test('they go where the SDK’s own client goes', () => {
    const takesOpenAI = (_client: OpenAI): void => undefined;
    const takesAnthropic = (_client: Anthropic): void => undefined;

    expectTypeOf(takesOpenAI).toBeCallableWith(createGatewayClient());
    expectTypeOf(takesAnthropic).toBeCallableWith(createAnthropicGatewayClient());
    // @ts-expect-error one SDK's client is not the other's
    takesAnthropic(createGatewayClient());
  });

  test('withOptions() keeps the gateway', () => {
    expectTypeOf(createGatewayClient().withOptions({ timeout: 1 })).toExtend<GatewayClient>();
  });

  test('the answers are typed as the SDK types them', () => {
    const client = createGatewayClient();
    const body = { model: 'm', messages: [] } satisfies OpenAI.Chat.ChatCompletionCreateParams;

    expectTypeOf(
      client.chat.completions.create(body),
    ).resolves.toExtend<OpenAI.Chat.ChatCompletion>();
    expectTypeOf(client.chat.completions.create({ ...body, stream: true })).resolves.toExtend<
      AsyncIterable<OpenAI.Chat.ChatCompletionChunk>
    >();
  });
});

describe('gateway.wrap() has the type of what it was given', () => {
  const gateway = createGateway();
  const wrapped = <Client extends object>(client: Client) => gateway.wrap(client);

  test('for every class', () => {
    expectTypeOf(wrapped<OpenAI>).returns.toEqualTypeOf<OpenAI & { readonly gateway: Gateway }>();
    expectTypeOf(wrapped<OpenAI6>).returns.toExtend<OpenAI6>();
    expectTypeOf(wrapped<AzureOpenAI>).returns.toExtend<AzureOpenAI>();
    expectTypeOf(wrapped<Anthropic>).returns.toExtend<Anthropic>();
    expectTypeOf(wrapped<AnthropicBedrock>).returns.toExtend<AnthropicBedrock>();
    expectTypeOf(wrapped<Tenant>).returns.toExtend<Tenant>();
    expectTypeOf(wrapped<Tenant>)
      .returns.toHaveProperty('tenant')
      .toEqualTypeOf<string>();
  });

  test('and nothing that is not an object', () => {
    // @ts-expect-error a key is not a client
    gateway.wrap('sk-…');
  });
});

describe('options', () => {
  test('what new OpenAI() takes is taken, and a gateway of either kind', () => {
    expectTypeOf(createGatewayClient).toBeCallableWith();
    expectTypeOf(createGatewayClient).toBeCallableWith({
      apiKey: 'k',
      timeout: 1,
      gateway: createGateway(),
    });
    expectTypeOf(createGatewayClient).toBeCallableWith({
      apiKey: async () => 'k',
      gateway: { metadata: { a: 1 } },
    });
    expectTypeOf(createGatewayClient).toBeCallableWith({ gateway: undefined });
    expectTypeOf(createAnthropicGatewayClient).toBeCallableWith({
      authToken: 't',
      gateway: { maxAttempts: 3 },
    });
  });

  test('what is not known does not compile', () => {
    // @ts-expect-error misspelt
    createGateway({ cahce: true });
    // @ts-expect-error not one of the deadlines
    createGateway({ timeouts: { foo: 1 } });
    // @ts-expect-error not one of the limits
    createGateway({ limits: { max: 1 } });
    // @ts-expect-error of one call, not of a gateway
    createGateway({ bypass: true });
    // @ts-expect-error a string is not a duration
    createGateway({ timeouts: { total: '5s' } });
    // @ts-expect-error not a transport
    createGateway({ transport: 'undici' });
    // @ts-expect-error misspelt, through the client
    createGatewayClient({ gateway: { timeouts: { foo: 1 } } });
    // @ts-expect-error misspelt, through the other client
    createAnthropicGatewayClient({ gateway: { interceptor: [] } });
    // @ts-expect-error not an option of the SDK
    createGatewayClient({ apikey: 'k' });
    // @ts-expect-error misspelt, for one call
    perCall({ metadate: {} });
    // @ts-expect-error misspelt, for a scope
    createGateway().run({ tag: 1 }, () => 1);
  });

  test('a computed undefined is as good as leaving it out', () => {
    const maybe = undefined as number | undefined;

    expectTypeOf({ timeouts: { total: maybe }, maxAttempts: maybe }).toExtend<GatewayOptions>();
  });
});

describe('the gateway itself', () => {
  const gateway = createGateway();

  test('run() gives what its work gives', () => {
    expectTypeOf(gateway.run({}, () => 7)).toEqualTypeOf<number>();
    expectTypeOf(gateway.run({}, async () => 'x')).toEqualTypeOf<Promise<string>>();
  });

  test('fetch goes where a fetch goes, and the gateway disposes', () => {
    expectTypeOf(gateway.fetch).toExtend<typeof globalThis.fetch>();
    expectTypeOf(gateway).toExtend<AsyncDisposable>();
    // @ts-expect-error not one of its events
    gateway.on('started', () => undefined);
  });
});
