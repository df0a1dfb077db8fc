/**
 * A provider of which one answer in fifty is slow, or, in another process, who calls it: with a hedge, and
 * without. Which of them is the first argument.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import OpenAI from 'openai';
import { createGateway, hedge, type Route, target } from 'zerohop';
import { memoryFetch } from '../support/memory-fetch.js';
import { serve } from '../support/serve.js';
import { ANSWER, ANSWER_TEXT, textEvent } from '../support/wire.js';
import { bodyOf, callJson, cpuMicroseconds, keepInFlight } from '../support/workload.js';
import type { BlockTimes } from './in-memory.js';

/** How the provider answers. */
export const TAIL = { share: 0.02, slowMs: 400, quickMs: 10 } as const;

export type Mode = 'JSON' | 'a stream';

/** Calls of one gateway. */
export interface TailRun {
  readonly baseURL: string;
  readonly mode: Mode;
  readonly isHedged: boolean;
  readonly calls: number;
  /** At once. */
  readonly width: number;
}

/** What came of them. */
export interface TailTimes {
  /** ms to the answer, or to its first content. */
  readonly took: readonly number[];
  /** When each call had it, by its number. */
  readonly answeredAt: readonly number[];
}

/** What the provider saw since it was last asked. */
export interface ProviderLog {
  readonly requests: readonly EndedRequest[];
}

/** A request that was answered, or closed by its client before that. */
export interface EndedRequest {
  /** The number of its call. */
  readonly call: number;
  readonly isClosed: boolean;
  readonly endedAt: number;
}

/** ms since the epoch, as finely as the machine has them: the same in all processes. */
const now = () => performance.timeOrigin + performance.now();

const ROLE_EVENT = textEvent('');
const REST = `${textEvent('hi')}data: [DONE]\n\n`;

function provider(): void {
  let requests: EndedRequest[] = [];
  let underWay = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const { user, stream }: { user: string; stream?: boolean } = JSON.parse(text);
    underWay += 1;
    response.once('close', () => {
      underWay -= 1;
      const isClosed = !response.writableFinished;
      requests.push({ call: Number(user), isClosed, endedAt: now() });
    });
    response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
    // The headers come at once, and the role: what is slow is the model.
    if (stream) response.write(ROLE_EVENT);
    else response.flushHeaders();
    const isSlow = Math.random() < TAIL.share;
    setTimeout(() => response.end(stream ? REST : ANSWER), isSlow ? TAIL.slowMs : TAIL.quickMs);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1_024 });
  serve({
    async port(): Promise<number> {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('it does not listen');
      return address.port;
    },
    /** Once none is under way. */
    async takeLog(): Promise<ProviderLog> {
      while (underWay > 0) await new Promise((resolve) => setTimeout(resolve, TAIL.quickMs));
      const taken = requests;
      requests = [];
      return { requests: taken };
    },
  });
}

/** A client whose calls go to one key, and, where they are hedged, also to another. */
function clientOf(isHedged: boolean, options: object): OpenAI {
  const [one, other] = ['one', 'other'].map((apiKey): Route => {
    return target({ name: apiKey, client: new OpenAI({ apiKey, ...options }) });
  });
  const route = isHedged ? hedge(one ?? '', other ?? '') : (one ?? '');
  return createGateway({ route }).wrap(new OpenAI({ apiKey: 'bench', ...options }));
}

async function ask(client: OpenAI, mode: Mode, call: number): Promise<number> {
  const body = { ...bodyOf('json'), user: String(call) };
  if (mode === 'JSON') {
    const { choices } = await client.chat.completions.create(body);
    if (choices[0]?.message.content !== ANSWER_TEXT) throw new Error('wrong answer');
    return now();
  }
  let firstContentAt = 0;
  for await (const chunk of await client.chat.completions.create({ ...body, stream: true })) {
    if (chunk.choices[0]?.delta.content && firstContentAt === 0) firstContentAt = now();
  }
  if (firstContentAt === 0) throw new Error('no content');
  return firstContentAt;
}

function caller(): void {
  serve({
    async run({ baseURL, mode, isHedged, calls, width }: TailRun): Promise<TailTimes> {
      const client = clientOf(isHedged, { baseURL });
      const took: number[] = [];
      const answeredAt: number[] = [];
      await keepInFlight(calls, width, async (call) => {
        const startedAt = now();
        const at = await ask(client, mode, call);
        took.push(at - startedAt);
        answeredAt[call] = at;
      });
      return { took, answeredAt };
    },

    /** µs of a call that nobody is slow for, without a hedge (`none`) and with one. */
    async measure({ blocks, calls }: { blocks: number; calls: number }): Promise<BlockTimes> {
      const sides = [false, true].map((isHedged) => {
        const client = clientOf(isHedged, { fetch: memoryFetch });
        return { client, times: { wall: [] as number[], cpu: [] as number[] } };
      });
      const warmUp = Math.ceil(blocks / 10);
      for (let block = -warmUp; block < blocks; block += 1) {
        for (const { client, times } of block % 2 === 0 ? sides : sides.toReversed()) {
          const cpu = cpuMicroseconds();
          const start = performance.now();
          for (let call = 0; call < calls; call += 1) await callJson(client);
          const wall = (performance.now() - start) * 1_000;
          if (block < 0) continue;
          times.wall.push(wall / calls);
          times.cpu.push((cpuMicroseconds() - cpu) / calls);
        }
      }
      const [none, hedged] = sides.map(({ times }) => times);
      return { ...(none && { none }), ...(hedged && { hedged }) };
    },
  });
}

if (process.argv[2] === 'provider') provider();
else caller();
