import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, loadBalance, primary, target } from 'zerohop';
import { type FakeProvider, startFakeProvider } from 'zerohop/testing';

let openai: FakeProvider;
let claude: FakeProvider;
beforeAll(async () => {
  [openai, claude] = await Promise.all([
    startFakeProvider({ strict: true }),
    startFakeProvider({ strict: true }),
  ]);
});
beforeEach(() => {
  openai.reset();
  claude.reset();
});
afterAll(() => Promise.all([openai.close(), claude.close()]));

const openaiClient = () => new OpenAI({ apiKey: 'k', baseURL: `${openai.url}/v1`, maxRetries: 0 });
const claudeClient = () => new Anthropic({ apiKey: 'k', baseURL: claude.url, maxRetries: 0 });

/** Each call goes to the other one in turn. */
function inTurn(other: ReturnType<typeof target>) {
  let turn = 0;
  return loadBalance([primary, other], {
    strategy: (targets) => {
      const at = turn % targets.length;
      turn += 1;
      return [...targets.slice(at), ...targets.slice(0, at)];
    },
  });
}

const claudeTarget = () =>
  target({ name: 'claude', client: claudeClient(), model: 'claude-sonnet-4-6' });
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const call = (city: string) => ({ name: 'weather', arguments: { city } });
const ROUNDS = 6;

/** What both are to say: calls in turn with words, each with a thought, which OpenAI shows in no chat. */
function enqueueRounds(isChat: boolean): void {
  for (const provider of [openai, claude]) {
    const reasoning = isChat && provider === openai ? undefined : 'a thought';
    for (let round = 0; round < ROUNDS; round += 1) {
      provider.enqueue({ reasoning, toolCalls: [call('Bonn'), call('Köln')] });
      provider.enqueue({ reasoning, text: `words ${round}` });
    }
  }
}

describe.each([false, true])(
  'a conversation that goes to OpenAI and Claude in turn, streamed: %s',
  (stream) => {
    it('keeps working for a chat client, with tools and reasoning', async () => {
      enqueueRounds(true);
      const gateway = createGateway({ route: inTurn(claudeTarget()) });
      const client = gateway.wrap(openaiClient());
      const messages: OpenAI.ChatCompletionMessageParam[] = [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'How is the weather?' },
      ];
      const body = {
        model: 'gpt-5-mini',
        reasoning_effort: 'low' as const,
        tools: [{ type: 'function' as const, function: { name: 'weather', parameters } }],
      };
      for (let round = 0; round < 2 * ROUNDS; round += 1) {
        const { choices } = stream
          ? await client.chat.completions.stream({ ...body, messages }).finalChatCompletion()
          : await client.chat.completions.create({ ...body, messages });
        const message = choices[0]?.message;
        expect(message).toBeDefined();
        if (message === undefined) return;
        messages.push(unparsed(message));
        for (const { id } of message.tool_calls ?? []) {
          messages.push({ role: 'tool', tool_call_id: id, content: 'rain' });
        }
        if (!message.tool_calls?.length) messages.push({ role: 'user', content: 'And now?' });
      }

      expect(openai.requests).toHaveLength(ROUNDS);
      expect(claude.requests).toHaveLength(ROUNDS);
    });

    it('keeps working for a Responses client without state', async () => {
      enqueueRounds(false);
      const gateway = createGateway({ route: inTurn(claudeTarget()) });
      const client = gateway.wrap(openaiClient());
      const input: OpenAI.Responses.ResponseInputItem[] = [{ role: 'user', content: 'How is it?' }];
      const body = {
        model: 'gpt-5-mini',
        store: false,
        instructions: 'Be brief.',
        include: ['reasoning.encrypted_content' as const],
        reasoning: { effort: 'low' as const, summary: 'auto' as const },
        tools: [{ type: 'function' as const, name: 'weather', parameters, strict: true }],
      };
      for (let round = 0; round < 2 * ROUNDS; round += 1) {
        const { output } = stream
          ? await client.responses.stream({ ...body, input }).finalResponse()
          : await client.responses.create({ ...body, input });
        const calls = output.flatMap((item) => (item.type === 'function_call' ? [item] : []));
        input.push(...output.map((item) => unparsed(item)));
        for (const { call_id } of calls) {
          input.push({ type: 'function_call_output', call_id, output: 'rain' });
        }
        if (calls.length === 0) input.push({ role: 'user', content: 'And now?' });
      }

      expect([openai.requests.length, claude.requests.length]).toEqual([ROUNDS, ROUNDS]);
    });

    it.each(['openai-chat', 'openai-responses'] as const)(
      'keeps working for an Anthropic client whose other target speaks %s',
      async (dialect) => {
        enqueueRounds(false);
        const other = target({ name: 'gpt', client: openaiClient(), model: 'gpt-5-mini', dialect });
        const gateway = createGateway({ route: inTurn(other) });
        const client = gateway.wrap(claudeClient());
        const messages: Anthropic.MessageParam[] = [{ role: 'user', content: 'How is it?' }];
        const body = {
          model: 'claude-sonnet-4-6',
          max_tokens: 4_000,
          system: 'Be brief.',
          thinking: { type: 'adaptive' as const },
          tools: [{ name: 'weather', input_schema: parameters as Anthropic.Tool.InputSchema }],
        };
        for (let round = 0; round < 2 * ROUNDS; round += 1) {
          const { content } = stream
            ? await client.messages.stream({ ...body, messages }).finalMessage()
            : await client.messages.create({ ...body, messages });
          const calls = content.flatMap((block) => (block.type === 'tool_use' ? [block] : []));
          messages.push({ role: 'assistant', content });
          messages.push({
            role: 'user',
            content:
              calls.length === 0
                ? 'And now?'
                : calls.map(({ id }) => ({
                    type: 'tool_result',
                    tool_use_id: id,
                    content: 'rain',
                  })),
          });
        }

        expect([openai.requests.length, claude.requests.length]).toEqual([ROUNDS, ROUNDS]);
      },
    );
  },
);

/** What is said without what the SDK's helpers add to it, and no server takes. */
function unparsed<Said extends object>(said: Said): UnparsedOf<Said> {
  return JSON.parse(
    JSON.stringify(said, (key, value: unknown) => (/^parsed/.test(key) ? undefined : value)),
  );
}

type UnparsedOf<Said> = Said extends OpenAI.Responses.ResponseOutputItem
  ? OpenAI.Responses.ResponseInputItem
  : Said;
