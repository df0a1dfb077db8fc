import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import OpenAI6 from 'openai-6';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, partialOf, target } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';
import { quickClock } from '../../support/quick-clock.js';
import { afterContent, ofJson, ofStreams } from './support/faults.js';

const ANSWER = 'one two three four five six';
let broken: FakeProvider;
let healthy: FakeProvider;
beforeAll(async () => {
  broken = await startFakeProvider({ reply: { text: ANSWER } });
  healthy = await startFakeProvider({ reply: { text: 'from the other' } });
});
beforeEach(() => {
  broken.reset();
  healthy.reset();
});
afterAll(async () => {
  await broken.close();
  await healthy.close();
});

const prompt = [{ role: 'user' as const, content: 'hi' }];

/** A way to ask, and what comes of it as text. */
interface Ask {
  readonly name: string;
  readonly ask: (fault: string) => Promise<string>;
  readonly stream: (fault: string) => Promise<string>;
  readonly errors: readonly (new (...args: never[]) => Error)[];
}

function gatewayOver(other: object) {
  return createGateway({
    fallbacks: [target({ name: 'other', client: other })],
    timeouts: { firstByte: 300, idle: 300 },
    clock: quickClock(),
  });
}

function openaiAsks(name: string, Client: typeof OpenAI): Ask[] {
  const options = { apiKey: 'k', maxRetries: 1 };
  const clientFor = (fault: string) =>
    gatewayOver(new Client({ ...options, baseURL: healthy.baseURL })).wrap(
      new Client({ ...options, baseURL: `${broken.faultURL(fault)}/v1` }),
    );
  const errors = [Client.APIError];
  return [
    {
      name: `chat, ${name}`,
      errors,
      async ask(fault) {
        const body = { model: 'gpt-5-mini', messages: prompt };
        const { choices } = await clientFor(fault).chat.completions.create(body);
        return choices[0]?.message.content ?? '';
      },
      async stream(fault) {
        const body = { model: 'gpt-5-mini', messages: prompt, stream: true as const };
        let text = '';
        for await (const { choices } of await clientFor(fault).chat.completions.create(body)) {
          text += choices[0]?.delta.content ?? '';
        }
        return text;
      },
    },
    {
      name: `responses, ${name}`,
      errors,
      async ask(fault) {
        const answer = await clientFor(fault).responses.create({ model: 'm', input: 'hi' });
        return answer.output_text;
      },
      async stream(fault) {
        let text = '';
        const body = { model: 'm', input: 'hi', stream: true as const };
        for await (const event of await clientFor(fault).responses.create(body)) {
          if (event.type === 'response.output_text.delta') text += event.delta;
        }
        return text;
      },
    },
  ];
}

const anthropicOptions = { apiKey: 'k', maxRetries: 1 };
const claudeFor = (fault: string) =>
  gatewayOver(new Anthropic({ ...anthropicOptions, baseURL: healthy.anthropicBaseURL })).wrap(
    new Anthropic({ ...anthropicOptions, baseURL: broken.faultURL(fault) }),
  );
const message = { model: 'claude', max_tokens: 100, messages: prompt };
const messages: Ask = {
  name: 'messages, anthropic 1',
  errors: [Anthropic.APIError],
  async ask(fault) {
    const { content } = await claudeFor(fault).messages.create(message);
    return content.map((block) => (block.type === 'text' ? block.text : '')).join('');
  },
  async stream(fault) {
    let text = '';
    for await (const event of await claudeFor(fault).messages.create({
      ...message,
      stream: true,
    })) {
      if (event.type === 'content_block_delta' && event.delta.type === 'text_delta') {
        text += event.delta.text;
      }
    }
    return text;
  },
};

// The classes of both majors are used in the same way here.
const asks = [
  ...openaiAsks('openai 7', OpenAI),
  ...openaiAsks('openai 6', OpenAI6 as unknown as typeof OpenAI),
  messages,
];

describe.each(asks)('$name', ({ ask, stream, errors }) => {
  it.each(ofJson)('gets an answer of the other target: %s', async (fault) => {
    expect(await ask(fault)).toBe('from the other');
  });

  it.each(ofStreams)('gets a stream of the other target: %s', async (fault) => {
    expect(await stream(fault)).toBe('from the other');
  });

  it.each(afterContent)('gets a typed error with what had arrived: %s', async (fault) => {
    const error = await stream(fault).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );

    expect(error).toBeInstanceOf(errors[0]);
    expect(ANSWER.startsWith(partialOf(error)?.text ?? 'nothing')).toBe(true);
    expect(partialOf(error)?.text).not.toBe('');
    expect(healthy.requests).toHaveLength(0);
  });
});
