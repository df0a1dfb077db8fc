import type OpenAI from 'openai';
import { z } from 'zod';

import type { OpenAIBench, Row } from '../support/bench.js';
import { all, headOf, plain, responseOf, textOf } from '../support/observe.js';

/** The request that most rows make. */
export const chat = {
  model: 'gpt-5-mini',
  messages: [{ role: 'user', content: 'one two three' }],
} satisfies OpenAI.Chat.ChatCompletionCreateParamsNonStreaming;

export const Answer = z.object({ city: z.string(), degrees: z.number() });

/** A tool that answers at once, for `runTools()`. */
function weatherTool({ sdk }: OpenAIBench, seen: unknown[]) {
  return sdk.zodFunction({
    name: 'weather',
    description: 'Tells the weather.',
    parameters: Answer,
    function: (given: z.infer<typeof Answer>) => {
      seen.push(given);
      return `sunny in ${given.city}`;
    },
  });
}

/** Chat completions, without streaming. */
export const openaiChatRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'chat.completions.create gives the parsed answer',
    run: async ({ client }) => plain(await client().chat.completions.create(chat)),
  },
  {
    name: 'create with every kind of answer: tool calls, reasoning, refusal, several choices',
    async run({ client, provider }) {
      const { completions } = client().chat;
      provider.enqueue({
        text: ['a', 'b'],
        reasoning: 'hm',
        toolCalls: [{ name: 'f', arguments: { a: 1 } }],
      });
      provider.enqueue({ refusal: 'I will not.', usage: null });
      return [
        plain(await completions.create({ ...chat, n: 2 })),
        plain(await completions.create(chat)),
      ];
    },
  },
  {
    name: '.withResponse() gives data, response and request id',
    async run({ client }) {
      const answer = await client().chat.completions.create(chat).withResponse();
      return { data: plain(answer.data), head: headOf(answer.response), id: answer.request_id };
    },
  },
  {
    name: '.asResponse() gives the response with its body unread',
    run: async ({ client }) =>
      responseOf(await client().chat.completions.create(chat).asResponse()),
  },
  {
    name: '.asResponse() reads as json, bytes, blob, stream and clone',
    async run({ client }) {
      const { completions } = client().chat;
      const response = () => completions.create(chat).asResponse();
      const one = await response();
      const copy = one.clone();
      const blob = await (await response()).blob();
      const { body } = await response();
      return {
        json: await one.json(),
        copy: await copy.text(),
        bytes: plain(await (await response()).arrayBuffer()),
        blob: [blob.type, await blob.text()],
        body: body && (await textOf(body)),
      };
    },
  },
  {
    name: 'a body read twice is refused in the same words',
    async run({ client, caught }) {
      const response = await client().chat.completions.create(chat).asResponse();
      const text = await response.text();
      return [text, await caught(response.text())];
    },
  },
  {
    name: 'awaiting the same promise twice gives the same object once',
    async run({ client }) {
      const promise = client().chat.completions.create(chat);
      const [one, two] = await Promise.all([promise, promise]);
      return [one === two, plain(one)];
    },
  },
  {
    name: 'the promise is an APIPromise with then, catch and finally',
    async run({ client, provider }) {
      provider.enqueue({ status: 400 });
      const promise = client().chat.completions.create(chat);
      const trail: string[] = [];
      await promise
        .finally(() => trail.push('finally'))
        .catch((error: Error) => trail.push(error.message));
      return [promise.constructor.name, promise instanceof Promise, trail];
    },
  },
  {
    name: '.parse() validates by a zod schema',
    async run({ client, sdk }) {
      const body = { ...chat, response_format: sdk.zodResponseFormat(Answer, 'answer') };
      const parsed = await client().chat.completions.parse(body);
      return [plain(parsed), plain(parsed.choices[0]?.message.parsed)];
    },
  },
  {
    name: '.parse() throws where the answer was cut',
    async run({ client, sdk, provider, caught }) {
      provider.enqueue({ finishReason: 'length' });
      const body = { ...chat, response_format: sdk.zodResponseFormat(Answer, 'answer') };
      return caught(client().chat.completions.parse(body));
    },
  },
  {
    name: '.parse().withResponse() keeps the response',
    async run({ client, sdk }) {
      const body = { ...chat, response_format: sdk.zodResponseFormat(Answer, 'answer') };
      const { data, response } = await client().chat.completions.parse(body).withResponse();
      return [plain(data), headOf(response)];
    },
  },
  {
    name: 'runTools() calls the tools and goes on',
    async run(bench) {
      bench.provider.enqueue({ toolCalls: 'auto' }, { times: 2 });
      const given: unknown[] = [];
      const runner = bench
        .client()
        .chat.completions.runTools({ ...chat, tools: [weatherTool(bench, given)] });
      const events: unknown[] = [];
      runner.on('message', (message) => events.push(plain(message)));
      runner.on('functionToolCallResult', (result) => events.push(result));
      const content = await runner.finalContent();
      return {
        content,
        events,
        given,
        messages: plain(runner.messages),
        usage: await runner.totalUsage(),
      };
    },
  },
  {
    name: 'runTools() streams as well',
    async run(bench) {
      bench.provider.enqueue({ toolCalls: 'auto' }, { times: 2 });
      const given: unknown[] = [];
      const tools = [weatherTool(bench, given)];
      const runner = bench.client().chat.completions.runTools({ ...chat, stream: true, tools });
      const chunks = await all(runner);
      return {
        chunks,
        given,
        content: await runner.finalContent(),
        messages: plain(runner.messages),
      };
    },
  },
  {
    name: 'runTools() aborts',
    async run(bench) {
      bench.provider.enqueue({ fault: 'hang' });
      const runner = bench
        .client()
        .chat.completions.runTools({ ...chat, tools: [weatherTool(bench, [])] });
      const request = await bench.provider.waitForRequest();
      runner.abort();
      return [await bench.caught(runner.done()), runner.aborted, await request.settled];
    },
  },
];
