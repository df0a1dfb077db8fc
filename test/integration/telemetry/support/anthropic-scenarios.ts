import type Anthropic from '@anthropic-ai/sdk';
import type { Reply } from 'zerohop/testing';
import { drain, failure, type Scenario, textOf } from './scenario.js';

const model = 'claude-sonnet-4-6';
const body = { model, max_tokens: 50, messages: [{ role: 'user' as const, content: 'Hi.' }] };
const stream = { ...body, stream: true as const };
/** Anthropic's own input count leaves the cached tokens out: 11 + 3 + 4. */
const usage = { inputTokens: 11, outputTokens: 7, cachedTokens: 3, cacheWriteTokens: 4 };
const answer: Reply = { text: 'One two three four.', usage };
const slow: Reply = { ...answer, pacing: { gapMs: 15 } };
const limited: Reply = { status: 429 };

const name = `chat ${model}`;
const whole = { name, finishReasons: ['end_turn'], usage: [18, 7] } as const;
const wholeStream = { ...whole, firstChunk: true } as const;
const aborted = { name, finishReasons: ['error'], aborted: true } as const;
const refused = {
  name,
  status: 'ERROR',
  errorType: 'rate_limit_error',
  finishReasons: null,
  usage: null,
} as const;

const tools = ['lookup', 'search'].map((tool) => ({
  name: tool,
  input_schema: { type: 'object' as const, properties: {} },
}));

/** What of the 27 applies to messages. */
export const anthropicScenarios: readonly Scenario<Anthropic>[] = [
  {
    name: 'messages',
    replies: [answer],
    run: (client) => client.messages.create(body),
    spans: [whole],
  },
  {
    name: 'messages with .withResponse()',
    replies: [answer],
    run: async (client) => {
      const { data, request_id } = await client.messages.create(body).withResponse();
      return { data, request_id };
    },
    spans: [whole],
  },
  {
    name: 'messages with .asResponse()',
    replies: [answer],
    run: async (client) => (await client.messages.create(body).asResponse()).json(),
    spans: [whole],
  },
  {
    name: 'messages 429',
    replies: [limited],
    run: (client) => failure(() => client.messages.create(body)),
    spans: [refused],
  },
  {
    name: 'messages with two parallel tools',
    replies: [{ usage, toolCalls: [{ name: 'lookup' }, { name: 'search' }] }],
    run: (client) => client.messages.create({ ...body, tools }),
    spans: [{ ...whole, finishReasons: ['tool_use'] }],
  },
  {
    name: 'stream read to the end',
    replies: [answer],
    run: async (client) => {
      const events = await client.messages.create(stream);
      const shape = [events.tee, events.toReadableStream].map((member) => typeof member);
      return [events.constructor.name, shape, await drain(events)];
    },
    spans: [wholeStream],
  },
  {
    name: 'stream with two parallel tools',
    replies: [{ usage, toolCalls: [{ name: 'lookup' }, { name: 'search' }] }],
    run: async (client) => drain(await client.messages.create({ ...stream, tools })),
    spans: [{ ...wholeStream, finishReasons: ['tool_use'] }],
  },
  {
    name: 'stream break',
    replies: [slow],
    run: async (client) => {
      for await (const { type } of await client.messages.create(stream)) {
        if (type === 'content_block_delta') return type;
      }
      return 'no text';
    },
    spans: [aborted],
  },
  {
    name: 'stream controller.abort()',
    replies: [slow],
    run: async (client) => {
      const events = await client.messages.create(stream);
      let seen = 0;
      for await (const { type } of events) {
        seen += 1;
        if (type === 'content_block_delta') events.controller.abort();
      }
      return seen;
    },
    spans: [aborted],
  },
  {
    name: "stream aborted by the caller's signal",
    replies: [slow],
    run: async (client) => {
      const controller = new AbortController();
      const events = await client.messages.create(stream, { signal: controller.signal });
      return failure(async () => {
        let seen = 0;
        for await (const { type } of events) {
          seen += 1;
          if (type === 'content_block_delta') controller.abort();
        }
        return seen;
      });
    },
    spans: [aborted],
  },
  {
    name: 'stream cut by the provider',
    replies: [{ ...answer, fault: { kind: 'reset', after: { events: 4 } } }],
    run: async (client) => drain(await client.messages.create(stream)),
    spans: [{ name, status: 'ERROR', errorType: 'connection_error', finishReasons: ['error'] }],
    differs: 'the gateway ends it with a typed error of the SDK',
  },
  {
    name: 'stream never read',
    replies: [answer],
    run: async (client) => {
      await client.messages.create(stream);
      return 'dropped';
    },
    spans: [aborted],
  },
  {
    name: 'stream 429',
    replies: [limited],
    run: (client) => failure(() => client.messages.create(stream)),
    spans: [refused],
  },
  {
    name: 'stream with .withResponse()',
    replies: [answer],
    run: async (client) => {
      const { data, request_id } = await client.messages.create(stream).withResponse();
      return [request_id, await drain(data)];
    },
    spans: [wholeStream],
  },
  {
    name: 'stream tee()',
    replies: [answer],
    run: async (client) => {
      const [left, right] = (await client.messages.create(stream)).tee();
      return Promise.all([drain(left), drain(right)]);
    },
    spans: [wholeStream],
  },
  {
    name: 'stream toReadableStream()',
    replies: [answer],
    run: async (client) => textOf((await client.messages.create(stream)).toReadableStream()),
    spans: [wholeStream],
  },
  {
    name: '.stream() helper',
    replies: [answer],
    run: (client) => client.messages.stream(body).finalMessage(),
    spans: [wholeStream],
  },
];
