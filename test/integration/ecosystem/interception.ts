import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { createGateway } from 'zerohop';

/** What a user's test answers with. */
export const answers = {
  chat: {
    id: 'chatcmpl-1',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [
      { index: 0, message: { role: 'assistant', content: 'mocked' }, finish_reason: 'stop' },
    ],
  },
  message: {
    id: 'msg_1',
    type: 'message',
    role: 'assistant',
    model: 'claude-x',
    content: [{ type: 'text', text: 'mocked' }],
    stop_reason: 'end_turn',
    usage: { input_tokens: 1, output_tokens: 1 },
  },
  error: { error: { message: 'mocked refusal', type: 'invalid_request_error', code: 'nope' } },
};

const chunk = (content: string, finish_reason: string | null = null) => ({
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1,
  model: 'm',
  choices: [{ index: 0, delta: { content }, finish_reason }],
});

/** The pieces of a mocked stream. */
export const streamPieces = [
  `data: ${JSON.stringify(chunk('moc'))}\n\nda`,
  `ta: ${JSON.stringify(chunk('ked', 'stop'))}\n\n`,
  'data: [DONE]\n\n',
];

/** The origins that the SDKs call by default. */
export const origins = {
  openai: 'https://api.openai.com',
  anthropic: 'https://api.anthropic.com',
};

/** Wrapped clients as an application makes them, at the SDKs' default addresses. */
export function wrappedClients(): { openai: OpenAI; anthropic: Anthropic } {
  const gateway = createGateway();
  const options = { apiKey: 'test', maxRetries: 0, baseURL: undefined };
  return {
    openai: gateway.wrap(new OpenAI(options)),
    anthropic: gateway.wrap(new Anthropic(options)),
  };
}

const messages = [{ role: 'user' as const, content: 'hi' }];

/** Text of a chat completion. */
export async function chat(client: OpenAI): Promise<string | null | undefined> {
  const answer = await client.chat.completions.create({ model: 'm', messages });
  return answer.choices[0]?.message.content;
}

/** Text of a streamed chat completion. */
export async function streamedChat(client: OpenAI): Promise<string> {
  const stream = await client.chat.completions.create({ model: 'm', messages, stream: true });
  let text = '';
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
  return text;
}

/** Text of a message. */
export async function message(client: Anthropic): Promise<string | undefined> {
  const { content } = await client.messages.create({ model: 'claude-x', max_tokens: 8, messages });
  return content[0]?.type === 'text' ? content[0].text : undefined;
}
