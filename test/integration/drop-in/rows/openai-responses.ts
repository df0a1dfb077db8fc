import type { OpenAIBench, Row } from '../support/bench.js';
import { streamError } from '../support/differences.js';
import { all, first, headOf, plain, responseOf } from '../support/observe.js';
import { Answer } from './openai-chat.js';

const ask = { model: 'gpt-5-mini', input: 'one two three' } as const;

/** The Responses API. */
export const openaiResponsesRows: readonly Row<OpenAIBench>[] = [
  {
    name: 'responses.create gives the parsed answer with output_text',
    async run({ client, provider }) {
      provider.enqueue({ text: 'so be it', reasoning: 'hm', toolCalls: [{ name: 'f' }] });
      const answer = await client().responses.create({ ...ask, instructions: 'be brief' });
      return [plain(answer), answer.output_text];
    },
  },
  {
    name: 'responses.create().withResponse() and .asResponse()',
    async run({ client }) {
      const { responses } = client();
      const { data, response, request_id } = await responses.create(ask).withResponse();
      const raw = await responses.create(ask).asResponse();
      return [plain(data), headOf(response), request_id, await responseOf(raw)];
    },
  },
  {
    name: 'responses.create streams typed events',
    async run({ client, provider }) {
      provider.enqueue({ text: 'so be it', reasoning: 'hm', toolCalls: [{ name: 'f' }] });
      return all(await client().responses.create({ ...ask, stream: true }));
    },
  },
  {
    name: 'a responses stream is teed and broken off',
    async run({ client, provider }) {
      const [left, right] = (await client().responses.create({ ...ask, stream: true })).tee();
      const both = [await first(left, 2), await all(right)];
      // The gateway holds a stream back until its first content, which is the fifth event.
      provider.enqueue({ fault: 'hang;after=6' });
      const stream = await client().responses.create({ ...ask, stream: true });
      return [both, await first(stream, 5), await provider.requests[1]?.settled];
    },
  },
  {
    name: 'an error event in a responses stream',
    async run({ client, provider, caught }) {
      provider.enqueue({ fault: { kind: 'error-event', afterEvents: 5 } });
      const events: unknown[] = [];
      const outcome = await caught(async () => {
        const stream = await client().responses.create({ ...ask, stream: true });
        for await (const event of stream) events.push(plain(event));
      });
      return [events, streamError(outcome)];
    },
  },
  {
    name: 'responses.stream() helper: events and final response',
    async run({ client, sdk }) {
      const text = { format: sdk.zodTextFormat(Answer, 'answer') };
      const stream = client().responses.stream({ ...ask, text });
      const deltas: unknown[] = [];
      stream.on('response.output_text.delta', (delta) => deltas.push(plain(delta)));
      const events = await all(stream);
      const final = await stream.finalResponse();
      return [events, deltas, plain(final), plain(final.output_parsed)];
    },
  },
  {
    name: 'responses.parse() validates by a zod schema',
    async run({ client, sdk }) {
      const text = { format: sdk.zodTextFormat(Answer, 'answer') };
      const parsed = await client().responses.parse({ ...ask, text });
      return [plain(parsed), plain(parsed.output_parsed)];
    },
  },
  {
    name: 'responses.retrieve, input items, delete, and then not found',
    async run({ client, caught }) {
      const { responses } = client();
      const { id } = await responses.create(ask);
      const kept = plain(await responses.retrieve(id));
      const items = await all(responses.inputItems.list(id));
      const deleted = plain(await responses.delete(id));
      return [kept, items, deleted, await caught(responses.retrieve(id))];
    },
  },
  {
    name: 'responses.retrieve streams from where it was left',
    async run({ client }) {
      const { responses } = client();
      const { id } = await responses.create({ ...ask, background: true });
      const stream = await responses.retrieve(id, { stream: true, starting_after: 2 });
      return all(stream);
    },
  },
  {
    name: 'responses.stream() takes up a stored response',
    async run({ client }) {
      const { responses } = client();
      const { id } = await responses.create({ ...ask, background: true });
      return all(responses.stream({ response_id: id, starting_after: 3 }));
    },
  },
  {
    name: 'background work is polled until it is done',
    async run({ client, provider }) {
      provider.enqueue({ polls: 2 });
      const { responses } = client();
      const seen = [await responses.create({ ...ask, background: true })];
      const id = seen[0]?.id ?? '';
      for (let poll = 0; poll < 3; poll += 1) seen.push(await responses.retrieve(id));
      return plain(seen);
    },
  },
  {
    name: 'background work is cancelled, and only that can be',
    async run({ client, caught }) {
      const { responses } = client();
      const background = await responses.create({ ...ask, background: true });
      const direct = await responses.create(ask);
      const cancelled = plain(await responses.cancel(background.id));
      return [cancelled, await caught(responses.cancel(direct.id))];
    },
  },
];
