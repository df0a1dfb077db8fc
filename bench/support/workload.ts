import type OpenAI from 'openai';
import { ANSWER_TEXT, streamCharacters } from './wire.js';

const MESSAGES: OpenAI.ChatCompletionMessageParam[] = [
  {
    role: 'system',
    content: 'You are a terse assistant of an online shop. Answer in one sentence.',
  },
  {
    role: 'user',
    content: 'When does my parcel arrive, and can I still change the address? '.repeat(4),
  },
];

/** The body of every request: what it asks for is in the model's name. */
export function bodyOf(model: string): {
  model: string;
  messages: OpenAI.ChatCompletionMessageParam[];
  temperature: number;
} {
  return { model, messages: MESSAGES, temperature: 0.2 };
}

/** One plain call; throws where the answer is wrong. */
export async function callJson(client: OpenAI): Promise<void> {
  const answer = await client.chat.completions.create(bodyOf('json'));
  if (answer.choices[0]?.message.content !== ANSWER_TEXT) throw new Error('wrong answer');
}

/** One stream, read to its end; throws where it is incomplete. Returns when its first content came. */
export async function callStream(
  client: OpenAI,
  what: 'burst' | 'paced',
  chunks: number,
): Promise<number> {
  const stream = await client.chat.completions.create({
    ...bodyOf(`${what}-${chunks}`),
    stream: true,
  });
  let seen = 0;
  let characters = 0;
  let firstContentAt = 0;
  for await (const chunk of stream) {
    const content = chunk.choices[0]?.delta.content;
    if (content) {
      if (characters === 0) firstContentAt = performance.now();
      characters += content.length;
    }
    seen += 1;
  }
  if (seen !== chunks || characters !== streamCharacters(chunks)) {
    throw new Error(`incomplete stream: ${seen} of ${chunks} chunks, ${characters} characters`);
  }
  return firstContentAt;
}

/** Runs `work` `count` times, `width` at once. */
export async function keepInFlight(
  count: number,
  width: number,
  work: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0;
  const lane = async () => {
    while (next < count) {
      const index = next;
      next += 1;
      await work(index);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, count) }, lane));
}

/** CPU time of this process in µs, all threads. */
export function cpuMicroseconds(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Collects garbage until finalizers have run. */
export async function collectGarbage(): Promise<void> {
  for (let pass = 0; pass < 3; pass += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Bytes that JavaScript holds: its heap, and what hangs on it. */
export function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
