import { setImmediate as turn } from 'node:timers/promises';
import OpenAI from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { settlementOf } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';
import { textOf } from '../telemetry/support/scenario.js';
import { ask, askStream, chat, setUp, shortly } from './support/bench.js';
import { allOf, clientsOf, type ModelCall, modelCalls } from './support/operations.js';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({ reply: { text: 'one two three' } });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const City = z.object({ city: z.string(), degrees: z.number() });
const paris = { city: 'Paris', degrees: 21.5 };
const everyCall: readonly ModelCall[] = Object.values(modelCalls);
const withStreams = everyCall.filter(({ stream }) => stream);

describe('a hit through the helpers of the openai SDK', () => {
  it('parse() parses a JSON answer, and a streamed one', async () => {
    provider.enqueue({ text: JSON.stringify(paris) });
    const { client } = setUp(provider);
    const body = { ...chat, response_format: zodResponseFormat(City, 'city') };
    await askStream(client, body);

    const first = await client.chat.completions.parse(body);
    const again = await client.chat.completions.parse(body);

    expect([first, again].map(({ choices }) => choices[0]?.message.parsed)).toEqual([paris, paris]);
    expect(first.choices[0]?.message.parsed).not.toBe(again.choices[0]?.message.parsed);
    expect(provider.requests).toHaveLength(1);
  });

  it('responses.parse() parses', async () => {
    provider.enqueue({ text: JSON.stringify(paris) });
    const { client } = setUp(provider);
    const text = { format: zodTextFormat(City, 'city') };
    const parse = () => client.responses.parse({ model: 'gpt-5-mini', input: 'x', text });

    const seen = [await parse(), await parse()];

    expect(seen.map(({ output_parsed }) => output_parsed)).toEqual([paris, paris]);
    expect(seen.map(({ output_text }) => output_text)).toEqual(
      Array.from({ length: 2 }, () => JSON.stringify(paris)),
    );
    expect(provider.requests).toHaveLength(1);
  });

  it('stream() tells its events, of a JSON answer too', async () => {
    const { client } = setUp(provider);
    await ask(client);
    const deltas: string[] = [];

    const stream = client.chat.completions.stream(chat);
    stream.on('content', (delta) => deltas.push(delta));

    expect(await stream.finalContent()).toBe('one two three');
    expect(deltas.join('')).toBe('one two three');
    expect(provider.requests).toHaveLength(1);
  });

  it('runTools() runs its tools on cached answers', async () => {
    const { client } = setUp(provider);
    const seen: unknown[] = [];
    const run = async () => {
      const tool = zodFunction({
        name: 'weather',
        parameters: City,
        function: (given) => {
          seen.push(given);
          return 'sunny';
        },
      });
      return client.chat.completions.runTools({ ...chat, tools: [tool] }).finalContent();
    };
    provider.enqueue({ toolCalls: [{ id: 'call_1', name: 'weather', arguments: paris }] });

    const answers = [await run(), await run()];

    expect(answers).toEqual(['one two three', 'one two three']);
    expect(seen).toEqual([paris, paris]);
    expect(provider.requests).toHaveLength(2);
  });

  it('tee() gives both readers all of it', async () => {
    const { client } = setUp(provider);
    const open = () => client.chat.completions.create({ ...chat, stream: true });
    const direct = await allOf(open());

    const [left, right] = (await open()).tee();

    expect(await allOf(Promise.resolve(left))).toEqual(direct);
    expect(await allOf(Promise.resolve(right))).toEqual(direct);
    expect(provider.requests).toHaveLength(1);
  });

  it('toReadableStream() goes to a browser and back', async () => {
    const { client } = setUp(provider);
    const open = () => client.chat.completions.create({ ...chat, stream: true });
    const direct = await allOf(open());

    const lines = (await textOf((await open()).toReadableStream())).trim();

    expect(lines.split('\n').map((line) => JSON.parse(line))).toEqual(direct);
  });

  it('cannot be read twice, as any stream', async () => {
    const { client } = setUp(provider);
    await askStream(client);
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    await allOf(Promise.resolve(stream));

    await expect(allOf(Promise.resolve(stream))).rejects.toThrow(/consumed stream/);
  });

  it.each(everyCall)(
    'withResponse() and asResponse() give a response of its own: $name',
    async ({ json }) => {
      const clients = clientsOf(provider, setUp(provider).gateway);
      const direct = await json(clients).withResponse();

      const parsed = await json(clients).withResponse();
      const raw = await json(clients).asResponse();
      const other = await json(clients).asResponse();

      expect(parsed.data).toEqual(direct.data);
      expect(parsed.response.ok).toBe(true);
      expect(parsed.response.headers.get('x-zerohop-cache')).toBe('HIT');
      parsed.response.headers.set('x-mine', '1');
      expect(raw.headers.has('x-mine')).toBe(false);
      expect(raw.status).toBe(200);
      expect(raw.bodyUsed).toBe(false);
      const text = await raw.text();
      expect(raw.bodyUsed).toBe(true);
      expect(await other.clone().json()).toEqual(JSON.parse(text));
      expect(await other.text()).toBe(text);
      expect(provider.requests).toHaveLength(1);
    },
  );

  it('has its settlement', async () => {
    const { client } = setUp(provider);
    await ask(client);

    const settlement = await settlementOf(client.chat.completions.create(chat));

    expect(settlement.cache?.status).toBe('HIT');
  });
});

describe('a hit through the helpers of the Anthropic SDK', () => {
  const tool = { name: 'weather', input_schema: { type: 'object' as const } };
  const message = {
    model: 'claude-sonnet-4-6',
    max_tokens: 100,
    messages: [{ role: 'user' as const, content: 'Hi.' }],
    tools: [tool],
  };

  it.each(['a stream', 'JSON'])('stream() tells its events, of %s', async (stored) => {
    provider.enqueue({ text: 'one two', toolCalls: [{ name: 'weather', arguments: paris }] });
    const { anthropic } = clientsOf(provider, setUp(provider).gateway);
    const first =
      stored === 'JSON'
        ? await anthropic.messages.create(message)
        : await anthropic.messages.stream(message).finalMessage();
    const texts: string[] = [];
    const inputs: unknown[] = [];

    const stream = anthropic.messages.stream(message);
    stream.on('text', (delta) => texts.push(delta));
    stream.on('contentBlock', (block) => block.type === 'tool_use' && inputs.push(block.input));
    const final = await stream.finalMessage();

    expect(final.content).toMatchObject(first.content);
    expect(final).toMatchObject({
      id: first.id,
      stop_reason: 'tool_use',
      usage: { input_tokens: first.usage.input_tokens, output_tokens: first.usage.output_tokens },
    });
    expect(texts.join('')).toBe('one two');
    expect(inputs).toEqual([paris]);
    expect(provider.requests).toHaveLength(1);
  });

  it('tee() and withResponse() work on a stream', async () => {
    const { anthropic } = clientsOf(provider, setUp(provider).gateway);
    const open = () => anthropic.messages.create({ ...message, stream: true }).withResponse();
    const direct = await allOf(Promise.resolve((await open()).data));

    const { data, response } = await open();
    const [left, right] = data.tee();

    expect(await allOf(Promise.resolve(right))).toEqual(direct);
    expect(await allOf(Promise.resolve(left))).toEqual(direct);
    expect(response.headers.get('x-zerohop-cache')).toBe('HIT');
  });

  it('is shared with the beta of the same request only where the header is the same', async () => {
    const { anthropic } = clientsOf(provider, setUp(provider).gateway);
    await anthropic.messages.create(message);

    await anthropic.beta.messages.create({ ...message, betas: ['a'] });

    expect(provider.requests).toHaveLength(2);
  });
});

/** Changes everything in a value that can be changed. */
function ruin(value: unknown): void {
  if (typeof value !== 'object' || value === null) return;
  for (const [name, member] of Object.entries(value)) {
    ruin(member);
    Reflect.set(value, name, 'ruined');
  }
  if (Array.isArray(value)) value.push('ruined');
}

describe('a hit that its caller changes', () => {
  it.each(everyCall)('changes nothing for the next one: $name', async ({ json }) => {
    const clients = clientsOf(provider, setUp(provider).gateway);
    const text = JSON.stringify(await json(clients));
    for (let round = 0; round < 2; round += 1) ruin(await json(clients));

    expect(JSON.stringify(await json(clients))).toBe(text);
    expect(provider.requests).toHaveLength(1);
  });

  it.each(everyCall)(
    'changes nothing where the first answer is changed: $name',
    async ({ json }) => {
      const clients = clientsOf(provider, setUp(provider).gateway);
      const first = await json(clients);
      const text = JSON.stringify(first);
      ruin(first);

      expect(JSON.stringify(await json(clients))).toBe(text);
    },
  );

  it.each(withStreams)('changes nothing in a stream, chunk by chunk: $name', async ({ stream }) => {
    const clients = clientsOf(provider, setUp(provider).gateway);
    const texts: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      let text = '';
      for await (const chunk of (await stream?.(clients)) ?? []) {
        text += JSON.stringify(chunk);
        ruin(chunk);
      }
      texts.push(text);
    }

    expect(new Set(texts).size).toBe(1);
    expect(provider.requests).toHaveLength(1);
  });

  it('changes nothing in the other mode', async () => {
    const { client } = setUp(provider);
    ruin(await client.chat.completions.create(chat));
    for await (const chunk of await client.chat.completions.create({ ...chat, stream: true })) {
      ruin(chunk);
    }

    expect([(await ask(client)).text, (await askStream(client)).text]).toEqual([
      'one two three',
      'one two three',
    ]);
  });

  it('changes nothing where its bytes are changed', async () => {
    const { client } = setUp(provider);
    await ask(client);
    const raw = await client.chat.completions.create(chat).asResponse();
    (await raw.bytes()).fill(0);

    expect((await ask(client)).text).toBe('one two three');
  });
});

describe('a caller who gives up', () => {
  it('gets no hit after it did', async () => {
    const { client, settlements } = setUp(provider);
    await ask(client);

    const call = ask(client, chat, { signal: AbortSignal.abort() });

    await expect(call).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    expect(settlements[1]).toMatchObject({ outcome: 'aborted' });
  });

  it('ends a stream that is a hit where it breaks off, and leaves the answer whole', async () => {
    const { client, settlements } = setUp(provider);
    const { text } = await askStream(client);

    const stream = await client.chat.completions.create({ ...chat, stream: true });
    for await (const _ of stream) break;

    expect(settlements[1]).toMatchObject({ outcome: 'aborted', cache: { status: 'HIT' } });
    expect(await askStream(client)).toMatchObject({ cache: 'HIT', text });
  });

  it('ends a stream that is a hit by a signal', async () => {
    const { client, settlements } = setUp(provider);
    await askStream(client);
    const controller = new AbortController();
    const { signal } = controller;
    const stream = await client.chat.completions.create({ ...chat, stream: true }, { signal });

    let chunks = 0;
    for await (const _ of stream) {
      chunks += 1;
      controller.abort();
    }

    expect(chunks).toBe(1);
    expect(settlements[1]).toMatchObject({ outcome: 'aborted' });
  });

  it('ends a stream that is a hit, and that nobody reads, by its controller', async () => {
    const { client, settlements } = setUp(provider);
    await askStream(client);
    const stream = await client.chat.completions.create({ ...chat, stream: true });
    stream.controller.abort();
    await turn();

    expect(settlements[1]).toMatchObject({ outcome: 'aborted' });
  });
});

it('a stream and JSON of one request share one answer, whichever came first', async () => {
  const { client } = setUp(provider);

  const seen = [await askStream(client), await ask(client), await askStream(client)];

  expect(seen.map(shortly)).toEqual(['MISS 1', 'HIT 1', 'HIT 1']);
});
