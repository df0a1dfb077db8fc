import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import OpenAI from 'openai';
import { zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, fallback, target } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { z } from 'zod';

let provider: FakeProvider;
beforeAll(async () => {
  provider = await startFakeProvider({ strict: true });
});
beforeEach(() => provider.reset());
afterAll(() => provider.close());

const Place = z.object({ city: z.string() });
const messages = [{ role: 'user' as const, content: 'Where?' }];
const asksWeather = { toolCalls: [{ name: 'weather', arguments: { city: 'Bonn' } }] };

const claude = () =>
  target({
    name: 'claude',
    client: new Anthropic({ apiKey: 'k', baseURL: provider.url, maxRetries: 0 }),
    model: 'claude-sonnet-4-6',
  });
const gpt = (dialect: 'openai-chat' | 'openai-responses') =>
  target({
    name: 'gpt',
    client: new OpenAI({ apiKey: 'k', baseURL: `${provider.url}/v1`, maxRetries: 0 }),
    model: 'gpt-5-mini',
    dialect,
  });
const openai = (other = claude()) =>
  createGateway({ route: fallback(other) }).wrap(new OpenAI({ apiKey: 'k' }));
const anthropic = (dialect: 'openai-chat' | 'openai-responses') =>
  createGateway({ route: fallback(gpt(dialect)) }).wrap(new Anthropic({ apiKey: 'k' }));

describe('helpers of the OpenAI SDK on Claude', () => {
  const weather = {
    type: 'function' as const,
    function: {
      name: 'weather',
      function: ({ city }: { city: string }) => `rain in ${city}`,
      parse: (words: string): { city: string } => JSON.parse(words),
      description: 'Tells the weather.',
      parameters: z.toJSONSchema(Place) as Record<string, unknown>,
    },
  };

  it.each([false, true])('runTools(), streamed: %s', async (stream) => {
    provider.enqueue(asksWeather);
    provider.enqueue({ text: 'It rains.' });
    const body = { model: 'm', messages, tools: [weather] };
    const { chat } = openai();
    const runner = stream
      ? chat.completions.runTools({ ...body, stream: true })
      : chat.completions.runTools(body);

    expect(await runner.finalContent()).toBe('It rains.');
    expect(JSON.stringify(provider.requests.at(-1)?.json)).toContain('rain in Bonn');
  });

  it('chat.completions.parse() and stream() of a schema', async () => {
    provider.enqueue({ text: '{"city":"Bonn"}' }, { times: 2 });
    const body = { model: 'm', messages, response_format: zodResponseFormat(Place, 'place') };
    const { chat } = openai();
    const parsed = await chat.completions.parse(body);
    const streamed = await chat.completions.stream(body).finalChatCompletion();

    expect(parsed.choices[0]?.message.parsed).toEqual({ city: 'Bonn' });
    expect(streamed.choices[0]?.message.parsed).toEqual({ city: 'Bonn' });
  });

  it('responses.parse() and stream() of a schema', async () => {
    provider.enqueue({ text: '{"city":"Bonn"}' }, { times: 2 });
    const body = { model: 'm', input: 'Where?', text: { format: zodTextFormat(Place, 'place') } };
    const { responses } = openai();
    const parsed = await responses.parse(body);
    const streamed = await responses.stream(body).finalResponse();

    expect(parsed.output_parsed).toEqual({ city: 'Bonn' });
    expect(streamed.output_parsed).toEqual({ city: 'Bonn' });
  });
});

describe.each(['openai-chat', 'openai-responses'] as const)(
  'helpers of the Anthropic SDK on %s',
  (dialect) => {
    it.each([false, true])('toolRunner(), streamed: %s', async (stream) => {
      provider.enqueue(asksWeather);
      provider.enqueue({ text: 'It rains.' });
      const weather = betaZodTool({
        name: 'weather',
        description: 'Tells the weather.',
        inputSchema: Place,
        run: ({ city }) => `rain in ${city}`,
      });
      const body = {
        model: 'm',
        max_tokens: 1_000,
        messages,
        tools: [weather],
        thread: false as const,
      };
      const { messages: beta } = anthropic(dialect).beta;
      const last = await (stream
        ? beta.toolRunner({ ...body, stream: true }).runUntilDone()
        : beta.toolRunner(body).runUntilDone());

      expect(last.content).toMatchObject([{ type: 'text', text: 'It rains.' }]);
      expect(JSON.stringify(provider.requests.at(-1)?.json)).toContain('rain in Bonn');
    });

    it('messages.parse() of a schema', async () => {
      provider.enqueue({ text: '{"city":"Bonn"}' });
      const message = await anthropic(dialect).messages.parse({
        model: 'm',
        max_tokens: 1_000,
        messages,
        output_config: { format: zodOutputFormat(Place) },
      });

      expect(message.parsed_output).toEqual({ city: 'Bonn' });
    });
  },
);
