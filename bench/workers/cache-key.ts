/** Makes the key of one chat request after the other, and spells the same bodies in other ways, by turns. */
import { hash } from 'node:crypto';
import { type CacheKeyParts, cacheKey, DEFAULT_EXCLUDED } from '../../src/cache/cache-key.js';
import { canonicalText } from '../../src/cache/canonical-text.js';
import { serve } from '../support/serve.js';

/** What a body looks like. */
export interface Shape {
  readonly bytes: number;
  /** With characters beyond Latin-1, such as curly quotes: one of them, and all of the text takes two bytes each. */
  readonly wide: boolean;
}

/** What is to be measured. */
export interface KeyBlocks {
  readonly shapes: readonly Shape[];
  readonly rounds: number;
}

export type Spelling = 'stringify' | 'stable' | 'canonical' | 'key';

/** µs a body: one figure a round. `stable` is empty where safe-stable-stringify is not installed. */
export type KeyTimes = Readonly<Record<Spelling, readonly number[]>>;

/** Of bodies spelt in one block, so that small ones are timed together. */
const BLOCK_BYTES = 400_000;
const WARM_UP_ROUNDS = 5;
const SENTENCE =
  'The parcel you ordered on Monday, "order 4711", arrives between 8:00 and 12:00;\nplease confirm the address. ';

const PARTS: Omit<CacheKeyParts, 'body'> = {
  operation: 'chat.completions',
  method: 'post',
  path: '/chat/completions',
  query: undefined,
  origin: 'https://api.openai.com/v1',
  scope: ['tenant', 'acme'],
  headers: [['openai-beta', 'assistants=v2']],
  version: '',
  vary: {},
  exclude: DEFAULT_EXCLUDED,
};

/** A chat about so long, its messages of 50 to 500 characters, with a tool and some settings. */
function bodyOf({ bytes, wide }: Shape): object {
  const messages = [{ role: 'system', content: 'You are a terse assistant of an online shop.' }];
  const parameters = {
    type: 'object',
    properties: {
      number: { type: 'string', description: 'As in the mail' },
      limit: { type: 'integer', minimum: 1 },
    },
    required: ['number'],
    additionalProperties: false,
  };
  const body = {
    model: 'gpt-5-mini',
    messages,
    temperature: 0.2,
    max_completion_tokens: 512,
    seed: 42,
    stream: false,
    tools: [{ type: 'function', function: { name: 'find_order', parameters } }],
  };
  const text = (wide ? SENTENCE.replace(',', ' –') : SENTENCE).repeat(5);
  let left = bytes - JSON.stringify(body).length;
  for (let turn = 0; left > 0; turn += 1) {
    const message = {
      role: turn % 2 === 0 ? 'user' : 'assistant',
      content: text.slice(0, Math.max(1, Math.min(50 + ((turn * 137) % 450), left - 40))),
    };
    messages.push(message);
    left -= Buffer.byteLength(JSON.stringify(message)) + 1;
  }
  // Parsed, so that no string is a slice of another.
  return JSON.parse(JSON.stringify(body));
}

type Spell = (body: object) => string | undefined;

async function stableStringify(): Promise<Spell | undefined> {
  // By a name that the compiler does not look up: others bring the package along, or do not.
  const name: string = 'safe-stable-stringify';
  try {
    const { default: stringify } = await import(name);
    return stringify;
  } catch {
    return undefined;
  }
}

serve({
  async measure({ shapes, rounds }: KeyBlocks): Promise<readonly KeyTimes[]> {
    const stable = await stableStringify();
    const spellings: Readonly<Record<Spelling, Spell | undefined>> = {
      stringify: (body) => JSON.stringify(body),
      stable: stable && ((body) => hash('sha256', stable(body) ?? '')),
      canonical: (body) => canonicalText(body),
      key: (body) => cacheKey({ ...PARTS, body }),
    };
    const series = shapes.map((shape) => {
      const times: Record<Spelling, number[]> = {
        stringify: [],
        stable: [],
        canonical: [],
        key: [],
      };
      return { body: bodyOf(shape), calls: Math.ceil(BLOCK_BYTES / shape.bytes), times };
    });
    for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
      for (const { body, calls, times } of series) {
        for (const name of ['stringify', 'stable', 'canonical', 'key'] as const) {
          const spell = spellings[name];
          if (spell === undefined) continue;
          const start = performance.now();
          for (let call = 0; call < calls; call += 1) spell(body);
          if (round >= 0) times[name].push(((performance.now() - start) * 1_000) / calls);
        }
      }
    }
    return series.map(({ times }) => times);
  },
});
