import type OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import type { Reply } from 'zerohop/testing';
import { z } from 'zod';
import { drain, failure, type Scenario, textOf } from './scenario.js';

const model = 'gpt-5-mini';
const chat = { model, messages: [{ role: 'user' as const, content: 'Hi.' }] };
const stream = { ...chat, stream: true as const };
const usage = { inputTokens: 11, outputTokens: 7, cachedTokens: 3, reasoningTokens: 2 };
const answer: Reply = { text: 'One two three four.', usage };
const slow: Reply = { ...answer, pacing: { gapMs: 15 } };
const limited: Reply = { status: 429, error: { code: 'rate_limit_exceeded' } };
const json: Reply = { text: '{"city":"Paris"}', usage };
const schema = z.object({ city: z.string() });
const lookup = {
  type: 'function' as const,
  function: {
    name: 'lookup',
    description: 'Looks things up.',
    parameters: { type: 'object', properties: {} },
    parse: JSON.parse,
    function: () => 'sunny',
  },
};
const twoTools: Reply = {
  usage,
  toolCalls: [
    { name: 'lookup', arguments: { city: 'Paris' } },
    { name: 'lookup', arguments: { city: 'Rome' } },
  ],
};

const name = `chat ${model}`;
const whole = { name, finishReasons: ['stop'], usage: [11, 7] } as const;
const wholeStream = { ...whole, firstChunk: true } as const;
const aborted = { name, finishReasons: ['error'], aborted: true } as const;
const refused = {
  name,
  status: 'ERROR',
  errorType: 'rate_limit_exceeded',
  finishReasons: null,
  usage: null,
} as const;
const response = { ...whole, finishReasons: ['completed'] } as const;

/** The scenarios of chat. */
const chats: readonly Scenario<OpenAI>[] = [
  {
    name: 'chat',
    replies: [answer],
    run: (client) => client.chat.completions.create(chat),
    spans: [whole],
  },
  {
    name: 'chat with .withResponse()',
    replies: [answer],
    run: async (client) => {
      const { data, request_id } = await client.chat.completions.create(chat).withResponse();
      return { data, request_id };
    },
    spans: [whole],
  },
  {
    name: 'chat with .asResponse()',
    replies: [answer],
    run: async (client) => (await client.chat.completions.create(chat).asResponse()).json(),
    spans: [whole],
  },
  {
    name: 'chat 429',
    replies: [limited],
    run: (client) => failure(() => client.chat.completions.create(chat)),
    spans: [refused],
  },
  {
    name: 'chat .parse()',
    replies: [json],
    run: (client) =>
      client.chat.completions.parse({
        ...chat,
        response_format: zodResponseFormat(schema, 'city'),
      }),
    spans: [whole],
  },
  {
    name: 'runTools()',
    replies: [{ usage, toolCalls: [{ name: 'lookup' }] }, answer],
    run: (client) => client.chat.completions.runTools({ ...chat, tools: [lookup] }).finalContent(),
    spans: [{ ...whole, finishReasons: ['tool_calls'] }, whole],
  },
];

const streams: readonly Scenario<OpenAI>[] = [
  {
    name: 'stream read to the end',
    replies: [answer],
    run: async (client) => {
      const events = await client.chat.completions.create(stream);
      const shape = [events.tee, events.toReadableStream].map((member) => typeof member);
      return [
        events.constructor.name,
        shape,
        events.controller.constructor.name,
        await drain(events),
      ];
    },
    spans: [wholeStream],
  },
  {
    name: 'stream with two parallel tools',
    replies: [twoTools],
    run: async (client) =>
      drain(await client.chat.completions.create({ ...stream, tools: [lookup] })),
    spans: [{ ...wholeStream, finishReasons: ['tool_calls'] }],
  },
  {
    name: 'stream break',
    replies: [slow],
    run: async (client) => {
      let count = 0;
      for await (const _ of await client.chat.completions.create(stream)) {
        count += 1;
        if (count === 2) break;
      }
      return count;
    },
    spans: [aborted],
  },
  {
    name: 'stream controller.abort()',
    replies: [slow],
    run: async (client) => {
      const events = await client.chat.completions.create(stream);
      let count = 0;
      for await (const _ of events) {
        count += 1;
        if (count === 2) events.controller.abort();
      }
      return count;
    },
    spans: [aborted],
  },
  {
    name: "stream aborted by the caller's signal",
    replies: [slow],
    run: async (client) => {
      const controller = new AbortController();
      const events = await client.chat.completions.create(stream, { signal: controller.signal });
      let count = 0;
      return failure(async () => {
        for await (const _ of events) {
          count += 1;
          if (count === 2) controller.abort();
        }
        return count;
      });
    },
    spans: [aborted],
  },
  {
    name: 'stream cut by the provider',
    replies: [{ ...answer, fault: { kind: 'reset', after: { events: 3 } } }],
    run: async (client) => drain(await client.chat.completions.create(stream)),
    spans: [
      {
        name,
        status: 'ERROR',
        errorType: 'connection_error',
        finishReasons: ['error'],
        usage: null,
      },
    ],
    differs: 'the gateway ends it with a typed error of the SDK',
  },
  {
    name: 'stream never read',
    replies: [answer],
    run: async (client) => {
      await client.chat.completions.create(stream);
      return 'dropped';
    },
    spans: [aborted],
  },
  {
    name: 'stream 429',
    replies: [limited],
    run: (client) => failure(() => client.chat.completions.create(stream)),
    spans: [refused],
  },
  {
    name: 'stream with .withResponse()',
    replies: [answer],
    run: async (client) => {
      const { data, request_id } = await client.chat.completions.create(stream).withResponse();
      return [request_id, await drain(data)];
    },
    spans: [wholeStream],
  },
  {
    name: 'stream tee()',
    replies: [answer],
    run: async (client) => {
      const [left, right] = (await client.chat.completions.create(stream)).tee();
      return Promise.all([drain(left), drain(right)]);
    },
    spans: [wholeStream],
  },
  {
    name: 'stream toReadableStream()',
    replies: [answer],
    run: async (client) =>
      textOf((await client.chat.completions.create(stream)).toReadableStream()),
    spans: [wholeStream],
  },
  {
    name: '.stream() helper',
    replies: [answer],
    run: (client) => client.chat.completions.stream(chat).finalChatCompletion(),
    spans: [wholeStream],
  },
];

const asked = { model, input: 'Hi.' };
const responses: readonly Scenario<OpenAI>[] = [
  {
    name: 'responses',
    replies: [answer],
    run: (client) => client.responses.create(asked),
    spans: [response],
  },
  {
    name: 'responses stream',
    replies: [answer],
    run: async (client) => drain(await client.responses.create({ ...asked, stream: true })),
    spans: [{ ...response, firstChunk: true }],
  },
  {
    name: 'responses stream break',
    replies: [slow],
    run: async (client) => {
      for await (const { type } of await client.responses.create({ ...asked, stream: true })) {
        if (type === 'response.output_text.delta') return type;
      }
      return 'no text';
    },
    spans: [aborted],
  },
  {
    name: 'responses stream with .withResponse()',
    replies: [answer],
    run: async (client) => {
      const given = await client.responses.create({ ...asked, stream: true }).withResponse();
      return [given.request_id, await drain(given.data)];
    },
    spans: [{ ...response, firstChunk: true }],
  },
  {
    name: 'responses stream 429',
    replies: [limited],
    run: (client) => failure(() => client.responses.create({ ...asked, stream: true })),
    spans: [refused],
  },
  {
    name: 'responses 429',
    replies: [limited],
    run: (client) => failure(() => client.responses.create(asked)),
    spans: [refused],
  },
  {
    name: 'responses .parse()',
    replies: [json],
    run: (client) =>
      client.responses.parse({ ...asked, text: { format: zodTextFormat(schema, 'city') } }),
    spans: [response],
  },
  {
    name: 'responses .stream() helper',
    replies: [answer],
    run: (client) => client.responses.stream(asked).finalResponse(),
    spans: [{ ...response, firstChunk: true }],
  },
  {
    name: 'embeddings',
    replies: [{ usage: { inputTokens: 5 } }],
    run: (client) => client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hi.' }),
    spans: [{ name: 'embeddings text-embedding-3-small', finishReasons: null, usage: [5] }],
  },
];

/** The 27 scenarios. */
export const openaiScenarios: readonly Scenario<OpenAI>[] = [...chats, ...streams, ...responses];
