/** Limits and budgets beside a gateway without them, block by block, over a `fetch` in memory. */
import OpenAI from 'openai';
import { createGateway, type Gateway, type GatewayOptions, perCall } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { median } from '../support/statistics.js';
import { ANSWER_TEXT } from '../support/wire.js';
import { bodyOf, cpuMicroseconds, keepInFlight } from '../support/workload.js';

/** `none` and `again` are the same gateway, without limits: what lies between them is the machine's. */
export type LimitVariant =
  | 'none'
  | 'again'
  | 'requests'
  | 'tokens'
  | 'all'
  | 'budget'
  | 'shared'
  | 'shared-all'
  | 'long-requests'
  | 'long-tokens'
  | 'waiting';

/** What is to be measured. */
export interface LimitBlocks {
  readonly variants: readonly LimitVariant[];
  readonly blocks: number;
  readonly calls: number;
  /** Between calls, in ms. */
  readonly pauseMs?: number;
  /** For those that are shared. */
  readonly redis?: string | undefined;
}

/** µs a call, one figure a block: the middle one, the mean, and by the processor. */
export interface LimitTimes {
  readonly p50: number[];
  readonly mean: number[];
  readonly cpu: number[];
}

/** How many calls a second one gateway makes, `width` at once. */
export interface Throughput {
  readonly variant: LimitVariant;
  readonly calls: number;
  readonly width: number;
}

/** Blocks until the engine has compiled what is measured, also where few are. */
const MIN_WARM_UP = 20;
/** So much that nobody waits. */
const PLENTY = 1e9;
const TENANTS = Array.from({ length: 100 }, (_, index) => `tenant-${index}`);
const LONG_TEXT = 'a word or two of what a user has to say, and then some. '
  .repeat(179)
  .slice(0, 10_000);

const by = ({ metadata }: { readonly metadata: Readonly<Record<string, unknown>> }): string =>
  String(metadata.tenant);
const RATES = { requestsPerSecond: PLENTY, tokensPerMinute: PLENTY, concurrency: 1_000_000 };

function optionsOf(variant: LimitVariant, redis: string | undefined): GatewayOptions {
  switch (variant) {
    case 'requests':
    case 'long-requests':
      return { rateLimit: { requestsPerSecond: PLENTY } };
    case 'tokens':
    case 'long-tokens':
      return { rateLimit: { tokensPerMinute: PLENTY } };
    case 'all':
      return { rateLimit: { ...RATES, by } };
    case 'budget':
      return {
        budgets: [{ name: 'team', by, cost: PLENTY, tokens: PLENTY, period: { every: 'month' } }],
        pricing: { models: { json: { input: 1, output: 10 } } },
      };
    case 'shared':
      return { rateLimit: { requestsPerSecond: 100_000, redis: redis ?? '' } };
    case 'shared-all':
      return {
        rateLimit: {
          ...{ requestsPerSecond: 100_000, tokensPerMinute: PLENTY, concurrency: 1_000 },
          redis: redis ?? '',
        },
      };
    case 'waiting':
      return { rateLimit: { concurrency: 8, maxQueue: 1_000_000 } };
    default:
      return {};
  }
}

class Side {
  readonly gateway: Gateway;
  readonly #client: OpenAI;
  readonly #body: ReturnType<typeof bodyOf>;
  #turn = 0;

  constructor(variant: LimitVariant, redis: string | undefined) {
    this.gateway = createGateway(optionsOf(variant, redis));
    this.#client = this.gateway.wrap(new OpenAI({ apiKey: 'bench', fetch: memoryFetch }));
    this.#body = bodyOf('json');
    if (variant.startsWith('long')) this.#body.messages = [{ role: 'user', content: LONG_TEXT }];
  }

  readonly call = async (): Promise<void> => {
    this.#turn = (this.#turn + 1) % TENANTS.length;
    const metadata = { tenant: TENANTS[this.#turn] };
    const answer = await this.#client.chat.completions.create(this.#body, perCall({ metadata }));
    if (answer.choices[0]?.message.content !== ANSWER_TEXT) throw new Error('wrong answer');
  };

  async block(calls: number, pauseMs: number): Promise<readonly number[]> {
    const times: number[] = [];
    for (let call = 0; call < calls; call += 1) {
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs));
      const start = performance.now();
      await this.call();
      times.push((performance.now() - start) * 1_000);
    }
    return times;
  }
}

serve({
  async measure(asked: LimitBlocks): Promise<Readonly<Record<string, LimitTimes>>> {
    const { variants, blocks, calls, redis, pauseMs = 0 } = asked;
    const times: Record<string, LimitTimes> = {};
    const sides = variants.map((variant) => {
      const own: LimitTimes = { p50: [], mean: [], cpu: [] };
      times[variant] = own;
      return { side: new Side(variant, redis), own };
    });
    const warmUp = pauseMs > 0 ? 1 : Math.max(MIN_WARM_UP, Math.ceil(blocks / 20));
    for (let block = -warmUp; block < blocks; block += 1) {
      for (const { side, own } of block % 2 === 0 ? sides : sides.toReversed()) {
        const cpu = cpuMicroseconds();
        const taken = await side.block(calls, pauseMs);
        if (block < 0) continue;
        own.cpu.push((cpuMicroseconds() - cpu) / calls);
        own.p50.push(median(taken));
        own.mean.push(taken.reduce((sum, time) => sum + time, 0) / calls);
      }
    }
    await Promise.all(sides.map(({ side }) => side.gateway.close()));
    return times;
  },

  async throughput({ variant, calls, width }: Throughput): Promise<number> {
    const side = new Side(variant, undefined);
    await keepInFlight(calls / 4, width, side.call);
    const start = performance.now();
    await keepInFlight(calls, width, side.call);
    const seconds = (performance.now() - start) / 1_000;
    await side.gateway.close();
    return calls / seconds;
  },
});
