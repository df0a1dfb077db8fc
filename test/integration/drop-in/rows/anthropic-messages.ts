import type Anthropic from '@anthropic-ai/sdk';
import { z } from 'zod';

import type { AnthropicBench, Row } from '../support/bench.js';
import { streamError } from '../support/differences.js';
import { all, first, headOf, plain, responseOf, textOf } from '../support/observe.js';

/** The request that most rows make. */
export const message: Anthropic.MessageCreateParamsNonStreaming = {
  model: 'claude-sonnet-4-6',
  max_tokens: 100,
  messages: [{ role: 'user', content: 'one two three' }],
};
const streamed: Anthropic.MessageCreateParamsStreaming = { ...message, stream: true };
const rich = {
  text: 'so be it',
  reasoning: 'let me see',
  toolCalls: [{ name: 'f', arguments: { a: [1] } }],
};
const City = z.object({ city: z.string() });

/** Anthropic messages: whole, streamed, and through the helpers. */
export const anthropicMessageRows: readonly Row<AnthropicBench>[] = [
  {
    name: 'messages.create gives the message',
    async run({ client, provider }) {
      provider.enqueue(rich);
      const answer = await client().messages.create(message);
      return [plain(answer), answer._request_id];
    },
  },
  {
    name: '.withResponse() and .asResponse()',
    async run({ client }) {
      const { messages } = client();
      const { data, response, request_id } = await messages.create(message).withResponse();
      const raw = await messages.create(message).asResponse();
      return [plain(data), headOf(response), request_id, await responseOf(raw)];
    },
  },
  {
    name: 'a stream gives the same events in the same order',
    async run({ client, provider }) {
      provider.enqueue(rich);
      return all(await client().messages.create(streamed));
    },
  },
  {
    name: 'a stream with CRLF, comments, and one byte a write',
    async run({ client, provider }) {
      const pacing = { newline: '\r\n', comment: 'ping', bytesPerWrite: 1 } as const;
      provider.enqueue({ text: 'grüße, 世界 🌍', pacing });
      return all(await client().messages.create(streamed));
    },
  },
  {
    name: '.withResponse() on a stream, and its bytes by .asResponse()',
    async run({ client }) {
      const { messages } = client();
      const { data, response } = await messages.create(streamed).withResponse();
      const bytes = await (await messages.create(streamed).asResponse()).text();
      return [headOf(response), await all(data), bytes];
    },
  },
  {
    name: 'tee(): one branch is broken off, the other goes on',
    async run({ client }) {
      const [left, right] = (await client().messages.create(streamed)).tee();
      return [await first(left, 2), await all(right)];
    },
  },
  {
    name: 'toReadableStream() gives lines of JSON',
    run: async ({ client }) =>
      textOf((await client().messages.create(streamed)).toReadableStream()),
  },
  {
    name: 'break closes the connection',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'hang;after=6' });
      const stream = await client().messages.create(streamed);
      return [await first(stream, 3), await provider.requests[0]?.settled];
    },
  },
  {
    name: 'controller.abort() ends the loop quietly and closes the connection',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'hang;after=6' });
      const stream = await client().messages.create(streamed);
      const events: unknown[] = [];
      for await (const event of stream) {
        events.push(plain(event));
        if (events.length === 3) stream.controller.abort();
      }
      // The bare SDK still gives what was in its buffer, as much as that happens to be.
      return [events.slice(0, 3), await provider.requests[0]?.settled];
    },
  },
  {
    name: 'iterating twice is refused in the same words',
    async run({ client, caught }) {
      const stream = await client().messages.create(streamed);
      return [await all(stream), await caught(all(stream))];
    },
  },
  {
    name: 'an error event is thrown where it came',
    async run({ client, provider, caught }) {
      provider.enqueue({
        fault: { kind: 'error-event', afterEvents: 6, type: 'overloaded_error' },
      });
      const events: unknown[] = [];
      const outcome = await caught(async () => {
        const stream = await client().messages.create(streamed);
        for await (const event of stream) events.push(plain(event));
      });
      return [events, streamError(outcome)];
    },
  },
  {
    name: 'messages.stream() tells its events in order and folds them',
    async run({ client, provider }) {
      provider.enqueue(rich);
      const stream = client().messages.stream(message);
      const events: unknown[] = [];
      const note = (name: string) => (value?: unknown) => events.push([name, plain(value)]);
      stream.on('connect', note('connect'));
      stream.on('text', note('text'));
      stream.on('thinking', note('thinking'));
      stream.on('inputJson', note('inputJson'));
      stream.on('contentBlock', note('contentBlock'));
      stream.on('message', note('message'));
      stream.on('end', note('end'));
      const final = plain(await stream.finalMessage());
      return [events, final, await stream.finalText(), stream.request_id];
    },
  },
  {
    name: 'messages.stream() iterates, with its response',
    async run({ client }) {
      const { data, response, request_id } = await client().messages.stream(message).withResponse();
      const seen: unknown[] = [];
      // Not whole: the helper goes on writing into the message that the first event carries.
      for await (const event of data) seen.push([event.type, plain(Reflect.get(event, 'delta'))]);
      return [seen, headOf(response), request_id];
    },
  },
  {
    name: 'messages.stream() aborts',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang;after=6' });
      const stream = client().messages.stream(message);
      await stream.emitted('text');
      stream.abort();
      return [await caught(stream.done()), stream.aborted, await provider.requests[0]?.settled];
    },
  },
  {
    name: 'messages.stream() fails with the provider’s error',
    async run({ client, provider, caught }) {
      provider.enqueue({ status: 401 });
      const stream = client().messages.stream(message);
      return [await caught(stream.finalMessage()), stream.errored];
    },
  },
  {
    name: 'messages.parse() validates by a zod schema',
    async run({ client, sdk }) {
      const output_config = { format: sdk.zodOutputFormat(City) };
      const parsed = await client().messages.parse({ ...message, output_config });
      return [plain(parsed), plain(parsed.parsed_output)];
    },
  },
  {
    name: 'beta.messages: create, stream and betas in the headers',
    async run({ client }) {
      const { messages } = client().beta;
      const betas = ['interleaved-thinking-2025-05-14'];
      const stream = await messages.create({ ...streamed, betas });
      return [
        plain(await messages.create({ ...message, betas })),
        await all(stream),
        plain(await messages.stream({ ...message, betas }).finalMessage()),
      ];
    },
  },
  ...[false, true].map((stream) => ({
    name: `beta toolRunner calls the tools and goes on${stream ? ', streamed' : ''}`,
    async run({ client, sdk, provider }: AnthropicBench) {
      provider.enqueue({ toolCalls: 'auto' }, { times: 2 });
      const given: unknown[] = [];
      const tool = sdk.betaZodTool({
        name: 'weather',
        description: 'Tells the weather.',
        inputSchema: City,
        run: (input) => {
          given.push(input);
          return `sunny in ${input.city}`;
        },
      });
      const runner = client().beta.messages.toolRunner({ ...message, stream, tools: [tool] });
      const turns: unknown[] = [];
      for await (const turn of runner) {
        turns.push(Symbol.asyncIterator in turn ? await all(turn) : plain(turn));
      }
      return [turns, given, plain(await runner.done())];
    },
  })),
];
