import { AnthropicBedrock } from '@anthropic-ai/bedrock-sdk';
import { AnthropicVertex } from '@anthropic-ai/vertex-sdk';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

import { message } from './rows/anthropic-messages.js';
import { bare, type Connect } from './support/bench.js';
import { claudeEvents, claudeMessage } from './support/claude-answer.js';
import { bedrockException, bedrockStream } from './support/event-stream.js';
import { all, errorOf, first, plain } from './support/observe.js';
import { receivedBy } from './support/received.js';
import { expectedSignature, readAuthorization } from './support/sigv4.js';

const gateway = createGateway();
const wrap: Connect = (client) => gateway.wrap(client);
const again = { status: 500, headers: { 'retry-after-ms': '1' } };
const eventStream = { 'content-type': 'application/vnd.amazon.eventstream' };
const streamed = { ...message, stream: true } as const;

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({ now: () => 1_750_000_000_000 });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

/** The n-th credentials of an application whose credentials rotate. */
const rotated = (turn: number) => ({
  accessKeyId: `AKIA${turn}`,
  secretAccessKey: `secret-${turn}`,
});

function bedrock(connect: Connect): AnthropicBedrock {
  let turn = 0;
  const providerChainResolver = async () => async () => {
    turn += 1;
    return rotated(turn);
  };
  const options = {
    awsRegion: 'us-east-1',
    baseURL: provider.url,
    logLevel: 'off',
    maxRetries: 2,
  } as const;
  return connect(new AnthropicBedrock({ ...options, apiKey: null, providerChainResolver }));
}

function vertex(connect: Connect): AnthropicVertex {
  let turn = 0;
  const authClient = {
    projectId: 'my-project',
    getRequestHeaders: async () => {
      turn += 1;
      return new Headers({ authorization: `Bearer google-${turn}` });
    },
  };
  const options = {
    region: 'us-east5',
    projectId: 'my-project',
    baseURL: `${provider.url}/v1`,
  } as const;
  // What the client needs of google-auth-library's AuthClient.
  return connect(
    new AnthropicVertex({
      ...options,
      authClient: authClient as never,
      logLevel: 'off',
      maxRetries: 2,
    }),
  );
}

/** What the client saw and what the provider saw; without what a signature's time changes. */
async function seen(work: () => Promise<unknown>): Promise<unknown> {
  provider.reset();
  const result = await work();
  const received = receivedBy(provider).map((request) => {
    return JSON.parse(
      JSON.stringify(request)
        .replaceAll(/Signature=\w+/g, 'Signature=*')
        .replaceAll(/\d{8}(T\d{6}Z)?(?=["/])/g, '<date>'),
    );
  });
  return { result, received };
}

describe('AnthropicBedrock through a gateway', () => {
  const behaviours: readonly (readonly [string, (client: AnthropicBedrock) => Promise<unknown>])[] =
    [
      [
        'answers',
        async (client) => {
          provider.enqueue({ json: claudeMessage });
          return plain(await client.messages.create(message));
        },
      ],
      [
        'streams',
        async (client) => {
          provider.enqueue({ body: bedrockStream(claudeEvents), headers: eventStream });
          return all(await client.messages.create(streamed));
        },
      ],
      [
        'streams in pieces that cut every frame',
        async (client) => {
          const pacing = { bytesPerWrite: 7 };
          provider.enqueue({ body: bedrockStream(claudeEvents), headers: eventStream, pacing });
          return plain(await client.messages.stream(message).finalMessage());
        },
      ],
      [
        'fails in the middle of a stream',
        async (client) => {
          const body = Buffer.concat([
            bedrockStream(claudeEvents.slice(0, 4)),
            bedrockException('throttlingException', 'slow down'),
          ]);
          provider.enqueue({ body, headers: eventStream });
          const events: unknown[] = [];
          try {
            for await (const event of await client.messages.create(streamed))
              events.push(plain(event));
          } catch (error) {
            return [
              events,
              error instanceof AnthropicBedrock.APIError,
              String(error).includes('slow down'),
            ];
          }
          return events;
        },
      ],
      [
        'retries after a 500, whole',
        async (client) => {
          provider.enqueue(again);
          provider.enqueue({ json: claudeMessage });
          return plain(await client.messages.create(message));
        },
      ],
      [
        'retries after a 500, streamed',
        async (client) => {
          provider.enqueue(again);
          provider.enqueue({ body: bedrockStream(claudeEvents), headers: eventStream });
          return all(await client.messages.create(streamed));
        },
      ],
      [
        'throws what Bedrock says',
        async (client) => {
          provider.enqueue({ status: 403, json: { message: 'not allowed' } });
          return client.messages
            .create(message)
            .catch((error: unknown) => errorOf(error, AnthropicBedrock));
        },
      ],
    ];

  it.each(behaviours)('%s as the bare client does', async (_, run) => {
    const expected = await seen(() => run(bedrock(bare)));

    const actual = await seen(() => run(bedrock(wrap)));

    expect(actual).toEqual(expected);
  });

  it('signs every attempt anew, over what is sent', async () => {
    provider.enqueue(again, { times: 2 });
    provider.enqueue({ body: bedrockStream(claudeEvents), headers: eventStream });

    await bedrock(wrap).messages.stream(message).finalMessage();

    expect(provider.requests.map((request) => readAuthorization(request).keyId)).toEqual([
      'AKIA1',
      'AKIA2',
      'AKIA3',
    ]);
    for (const [index, request] of provider.requests.entries()) {
      const { secretAccessKey } = rotated(index + 1);
      expect(readAuthorization(request).signature).toBe(
        expectedSignature(request, secretAccessKey),
      );
    }
  });

  it('closes the connection when the reader goes away', async () => {
    const body = bedrockStream(claudeEvents);
    const fault = { kind: 'hang', after: { bytes: Math.floor(body.length / 2) } } as const;
    provider.enqueue({ body, headers: eventStream, fault });

    const events = await first(await bedrock(wrap).messages.create(streamed), 3);

    expect(events).toHaveLength(3);
    expect(await provider.requests[0]?.settled).toBe('client-closed');
  });

  it('signs with static credentials that stay with the clone', async () => {
    const options = {
      awsRegion: 'eu-west-1',
      awsAccessKey: 'AKIASTATIC',
      awsSecretKey: 'static',
    } as const;
    const client = gateway.wrap(
      new AnthropicBedrock({ ...options, apiKey: null, baseURL: provider.url }),
    );
    provider.enqueue({ json: claudeMessage });

    await client.messages.create(message);

    const [request] = provider.requests;
    expect(request && readAuthorization(request).signature).toBe(
      request && expectedSignature(request, 'static'),
    );
    expect(request?.path).toBe('/model/claude-sonnet-4-6/invoke');
  });
});

describe('AnthropicVertex through a gateway', () => {
  const events = claudeEvents.map((data) => ({ event: data.type, data }));
  const behaviours: readonly (readonly [string, (client: AnthropicVertex) => Promise<unknown>])[] =
    [
      [
        'answers',
        async (client) => {
          provider.enqueue({ json: claudeMessage });
          return plain(await client.messages.create(message));
        },
      ],
      [
        'streams',
        async (client) => {
          provider.enqueue({ events });
          return all(await client.messages.create(streamed));
        },
      ],
      [
        'retries after a 500 with another token, whole',
        async (client) => {
          provider.enqueue(again);
          provider.enqueue({ json: claudeMessage });
          return plain(await client.messages.create(message));
        },
      ],
      [
        'retries after a 500 with another token, streamed',
        async (client) => {
          provider.enqueue(again);
          provider.enqueue({ events });
          return plain(await client.messages.stream(message).finalMessage());
        },
      ],
      [
        'counts tokens',
        async (client) => {
          const { max_tokens: _, ...ask } = message;
          provider.enqueue({ json: { input_tokens: 3 } });
          return plain(await client.messages.countTokens(ask));
        },
      ],
      [
        'throws what Vertex says',
        async (client) => {
          provider.enqueue({
            status: 404,
            json: { error: { code: 404, message: 'no such model' } },
          });
          return client.messages
            .create(message)
            .catch((error: unknown) => errorOf(error, AnthropicVertex));
        },
      ],
    ];

  it.each(behaviours)('%s as the bare client does', async (_, run) => {
    const expected = await seen(() => run(vertex(bare)));

    const actual = await seen(() => run(vertex(wrap)));

    expect(actual).toEqual(expected);
  });

  it('asks for a token on every attempt', async () => {
    provider.enqueue(again, { times: 2 });
    provider.enqueue({ events });

    await vertex(wrap).messages.stream(message).finalMessage();

    expect(provider.requests.map(({ headers }) => headers.authorization)).toEqual([
      'Bearer google-1',
      'Bearer google-2',
      'Bearer google-3',
    ]);
    expect(provider.requests[0]?.path).toBe(
      '/v1/projects/my-project/locations/us-east5/publishers/anthropic/models/claude-sonnet-4-6:streamRawPredict',
    );
  });
});
