import type Anthropic from '@anthropic-ai/sdk';
import type { ClientOptions as AnthropicOptions } from '@anthropic-ai/sdk';
import type OpenAI from 'openai';
import type { ClientOptions } from 'openai';
import type { FakeProvider } from 'zerohop/testing';

import { errorOf, plain } from './observe.js';
import { receivedBy } from './received.js';
import type { AnthropicSdk, OpenAISdk } from './sdks.js';

/** What a row runs on: a provider, and clients of one SDK, all of them bare or all of them wrapped. */
export interface Bench<Sdk, Client, Options> {
  readonly provider: FakeProvider;
  readonly sdk: Sdk;
  /** A client of the SDK's own class. */
  readonly client: (options?: Options) => Client;
  /** Any other client, which the row has made. */
  readonly connect: <Other extends object>(client: Other) => Other;
  /** How `work` failed, or what it gave. */
  readonly caught: (work: Promise<unknown> | (() => Promise<unknown>)) => Promise<unknown>;
}

export type OpenAIBench = Bench<OpenAISdk, OpenAI, ClientOptions>;
export type AnthropicBench = Bench<AnthropicSdk, Anthropic, AnthropicOptions>;

/** One behaviour: what it is, and how to see it. */
export interface Row<B> {
  readonly name: string;
  readonly run: (bench: B) => Promise<unknown>;
}

/** What a row saw, and what the provider saw of it. */
export interface Observation {
  readonly result: unknown;
  readonly received: readonly unknown[];
}

/** How a set of clients comes to be: what is done with every client that a row makes. */
export type Connect = <Client extends object>(client: Client) => Client;

/** The clients as the SDK made them. */
export const bare: Connect = (client) => client;

const usual = { maxRetries: 0, logLevel: 'off' } as const;

/** A bench of one of the OpenAI SDKs. */
export function openaiBench(
  sdk: OpenAISdk,
  provider: FakeProvider,
  connect: Connect,
  create: (options: ClientOptions) => OpenAI = (options) => connect(new sdk.OpenAI(options)),
): OpenAIBench {
  return {
    sdk,
    provider,
    connect,
    client: (options) =>
      create({ apiKey: 'test-key', baseURL: provider.baseURL, ...usual, ...options }),
    caught: (work) => caught(work, sdk.OpenAI),
  };
}

/** A bench of one of the Anthropic SDKs. */
export function anthropicBench(
  sdk: AnthropicSdk,
  provider: FakeProvider,
  connect: Connect,
  create: (options: AnthropicOptions) => Anthropic = (options) =>
    connect(new sdk.Anthropic(options)),
): AnthropicBench {
  return {
    sdk,
    provider,
    connect,
    client: (options) =>
      create({ apiKey: 'test-key', baseURL: provider.anthropicBaseURL, ...usual, ...options }),
    caught: (work) => caught(work, sdk.Anthropic),
  };
}

async function caught(
  work: Promise<unknown> | (() => Promise<unknown>),
  Sdk: object,
): Promise<unknown> {
  try {
    const value = await (typeof work === 'function' ? work() : work);
    return { value: plain(value) };
  } catch (error) {
    return { error: errorOf(error, Sdk) };
  }
}

/** Runs a row on a provider that has forgotten everything. */
export async function observe<B extends { readonly provider: FakeProvider }>(
  row: Row<B>,
  bench: B,
): Promise<Observation> {
  bench.provider.reset();
  const result = await row.run(bench);
  return { result, received: receivedBy(bench.provider) };
}
