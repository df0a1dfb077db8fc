import type OpenAI from 'openai';

import type { OpenAIBench, Row } from '../support/bench.js';
import { streamError } from '../support/differences.js';
import { all, first, headOf, plain, textOf } from '../support/observe.js';
import { Answer, chat } from './openai-chat.js';

const streamed: OpenAI.Chat.ChatCompletionCreateParamsStreaming = { ...chat, stream: true };

/** Streams of chat completions. */
export const openaiStreamRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'a stream gives the same chunks in the same order',
    run: async ({ client }) => all(await client().chat.completions.create(streamed)),
  },
  {
    name: 'a stream with usage, reasoning, tool calls and two choices',
    async run({ client, provider }) {
      provider.enqueue({
        text: ['so be it', 'or not'],
        reasoning: 'let me see',
        toolCalls: [{ name: 'f', arguments: { a: [1, 2, 3] } }, { name: 'g' }],
      });
      const body = { ...streamed, n: 2, stream_options: { include_usage: true } };
      return all(await client().chat.completions.create(body));
    },
  },
  ...(['\r\n', '\r'] as const).map((newline) => ({
    name: `a stream with ${JSON.stringify(newline)} lines, comments, and one byte a write`,
    async run({ client, provider }: OpenAIBench) {
      provider.enqueue({
        text: 'grüße, 世界 🌍',
        pacing: { newline, comment: 'keep-alive', bytesPerWrite: 1 },
      });
      return all(await client().chat.completions.create(streamed));
    },
  })),
  {
    name: 'a compressed stream',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'gzip' });
      return all(await client().chat.completions.create(streamed));
    },
  },
  {
    name: '.withResponse() on a stream',
    async run({ client }) {
      const answer = await client().chat.completions.create(streamed).withResponse();
      return {
        head: headOf(answer.response),
        id: answer.request_id,
        chunks: await all(answer.data),
      };
    },
  },
  {
    name: '.asResponse() on a stream gives the bytes',
    async run({ client }) {
      const response = await client().chat.completions.create(streamed).asResponse();
      return [headOf(response), await response.text()];
    },
  },
  {
    name: 'tee(): both branches get everything',
    async run({ client }) {
      const stream = await client().chat.completions.create(streamed);
      const [left, right] = stream.tee();
      return Promise.all([all(left), all(right)]);
    },
  },
  {
    name: 'tee(): one branch is broken off, the other goes on',
    async run({ client }) {
      const [left, right] = (await client().chat.completions.create(streamed)).tee();
      return [await first(left, 1), await all(right)];
    },
  },
  {
    name: 'toReadableStream() gives lines of JSON that read back',
    async run({ client, sdk }) {
      const { completions } = client().chat;
      const lines = await textOf((await completions.create(streamed)).toReadableStream());
      const again = (await completions.create(streamed)).toReadableStream();
      const back = sdk.Stream.fromReadableStream(again, new AbortController());
      return [lines, await all(back)];
    },
  },
  {
    name: 'toReadableStream() cancelled closes the connection',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'hang;after=2' });
      const stream = await client().chat.completions.create(streamed);
      const reader = stream.toReadableStream().getReader();
      const { value } = await reader.read();
      await reader.cancel();
      return [Buffer.from(value ?? []).toString(), await provider.requests[0]?.settled];
    },
  },
  {
    name: 'break closes the connection',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'hang;after=3' });
      const stream = await client().chat.completions.create(streamed);
      const chunks = await first(stream, 2);
      return [chunks, await provider.requests[0]?.settled, stream.controller.signal.aborted];
    },
  },
  {
    name: 'controller.abort() ends the loop quietly and closes the connection',
    async run({ client, provider }) {
      provider.enqueue({ fault: 'hang;after=2' });
      const stream = await client().chat.completions.create(streamed);
      const chunks: unknown[] = [];
      for await (const chunk of stream) {
        chunks.push(plain(chunk));
        if (chunks.length === 2) stream.controller.abort();
      }
      return [chunks, await provider.requests[0]?.settled];
    },
  },
  {
    name: 'the caller’s signal ends the loop in the middle of a stream',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang;after=2' });
      const abort = new AbortController();
      const stream = await client().chat.completions.create(streamed, { signal: abort.signal });
      const chunks: unknown[] = [];
      const outcome = await caught(async () => {
        for await (const chunk of stream) {
          chunks.push(plain(chunk));
          if (chunks.length === 2) abort.abort();
        }
      });
      return [chunks, outcome, await provider.requests[0]?.settled];
    },
  },
  {
    name: 'iterating twice is refused in the same words',
    async run({ client, caught }) {
      const stream = await client().chat.completions.create(streamed);
      return [await all(stream), await caught(all(stream))];
    },
  },
  {
    name: 'an error in the stream is thrown where it came',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: { kind: 'error-event', afterEvents: 2, message: 'overloaded' } });
      const chunks: unknown[] = [];
      const outcome = await caught(async () => {
        const stream = await client().chat.completions.create(streamed);
        for await (const chunk of stream) chunks.push(plain(chunk));
      });
      return [chunks, streamError(outcome)];
    },
  },
  {
    name: '.stream() tells its events in order and folds them',
    async run({ client, sdk }) {
      const body = { ...chat, response_format: sdk.zodResponseFormat(Answer, 'answer') };
      const stream = client().chat.completions.stream(body);
      const events: unknown[] = [];
      stream.on('connect', () => events.push('connect'));
      stream.on('chunk', (chunk) => events.push(plain(chunk)));
      stream.on('content', (delta, snapshot) => events.push([delta, snapshot]));
      stream.on('content.done', (done) => events.push(plain(done)));
      stream.on('end', () => events.push('end'));
      const final = await stream.finalChatCompletion();
      return [events, plain(final), await stream.totalUsage()];
    },
  },
  {
    name: '.stream() iterates, and gives its messages',
    async run({ client, provider }) {
      provider.enqueue({ text: 'so', toolCalls: [{ name: 'f', arguments: { a: 1 } }] });
      const stream = client().chat.completions.stream(chat);
      return [await all(stream), plain(await stream.finalMessage()), plain(stream.messages)];
    },
  },
  {
    name: '.stream() aborts',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: 'hang;after=2' });
      const stream = client().chat.completions.stream(chat);
      const seen = new Promise<string>((resolve) => {
        stream.once('content', resolve);
      });
      const text = await seen;
      stream.abort();
      return [
        text,
        await caught(stream.done()),
        stream.aborted,
        await provider.requests[0]?.settled,
      ];
    },
  },
  {
    name: '.stream() fails with the provider’s error',
    async run({ client, provider, caught }) {
      provider.enqueue({ status: 401 });
      const stream = client().chat.completions.stream(chat);
      return [await caught(stream.finalChatCompletion()), stream.errored, stream.ended];
    },
  },
];
