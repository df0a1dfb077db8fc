import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  type BudgetEvent,
  type BudgetOptions,
  createGateway,
  type Gateway,
  type GatewayOptions,
  type LogRow,
  type Settlement,
} from 'zerohop';
import type { FakeProvider } from 'zerohop/testing';
import { handClock } from '../../../support/quick-clock.js';

export const messages = [{ role: 'user' as const, content: 'one two three' }];

/** 100 tokens in for $0.01, 10 out for $0.01: a call costs two cents. */
export const USAGE = { inputTokens: 100, outputTokens: 10 };
export const CALL_COST = 0.02;
export const CALL_TOKENS = 110;

const PRICE = { input: 100, output: 1_000 };
export const pricing = {
  models: {
    'gpt-5-mini': PRICE,
    'gpt-5-nano': { input: 1, output: 10 },
    'claude-sonnet-4-6': PRICE,
    'text-embedding-3-small': { input: 100 },
  },
};

/** A dollar, for ever, for all. */
export const DOLLAR: BudgetOptions = { name: 'dollar', cost: 1, period: 'total' };

/** A gateway with budgets, its clients, and what was heard of it. */
export interface Bench {
  readonly gateway: Gateway;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly clock: ReturnType<typeof handClock>;
  readonly events: readonly BudgetEvent[];
  readonly rows: readonly LogRow[];
  readonly settled: readonly Settlement[];
  /** In dollars, of the first budget. */
  readonly spent: (key?: string) => Promise<{ spent: number; reserved: number } | undefined>;
}

/** A gateway with these budgets over a provider; its clients try once. */
export function setUp(
  { baseURL, url }: Pick<FakeProvider, 'baseURL' | 'url'>,
  budgets: readonly BudgetOptions[],
  options: GatewayOptions = {},
): Bench {
  const clock = { ...handClock(), delay: () => Promise.resolve() };
  const rows: LogRow[] = [];
  const events: BudgetEvent[] = [];
  const settled: Settlement[] = [];
  const gateway = createGateway({
    ...{ budgets, pricing, clock },
    log: (row) => void rows.push(row),
    ...options,
  });
  gateway.on('budget', (event) => events.push(event));
  gateway.on('settled', (settlement) => settled.push(settlement));
  const common = { apiKey: 'sk-test', maxRetries: 0 };
  return {
    gateway,
    openai: gateway.wrap(new OpenAI({ ...common, baseURL })),
    anthropic: gateway.wrap(new Anthropic({ ...common, baseURL: url })),
    clock,
    events,
    rows,
    settled,
    async spent(key) {
      const [first] = budgets;
      const { cost } = await gateway.budgets.get(first?.name ?? '', key);
      return cost && { spent: cost.spent, reserved: cost.reserved };
    },
  };
}

/** Asks for a chat; gives its text. */
export async function chat(
  { openai }: Pick<Bench, 'openai'>,
  model = 'gpt-5-mini',
  options?: OpenAI.RequestOptions,
): Promise<string | null | undefined> {
  const answer = await openai.chat.completions.create({ model, messages }, options);
  return answer.choices[0]?.message.content;
}

/** Asks for a stream of chat, and reads it to its end. */
export async function chatStream({ openai }: Pick<Bench, 'openai'>): Promise<string> {
  const stream = await openai.chat.completions.create({
    model: 'gpt-5-mini',
    messages,
    stream: true,
  });
  let text = '';
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? '';
  return text;
}

/** What a call was refused with. */
export async function refusalOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was let through');
}
