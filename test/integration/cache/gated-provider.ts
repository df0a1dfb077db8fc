import { setImmediate as turn } from 'node:timers/promises';

const encoder = new TextEncoder();

/** One request that waits for the test to answer it. */
export class GatedRequest {
  readonly signal: AbortSignal | undefined;
  readonly body: string;
  readonly response = Promise.withResolvers<Response>();
  #stream: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** The client has gone. */
  isCancelled = false;
  /** How often the stream was asked for more. */
  pulls = 0;

  constructor(init: RequestInit | undefined) {
    this.signal = init?.signal ?? undefined;
    this.body = typeof init?.body === 'string' ? init.body : '';
    const onAbort = () => {
      this.isCancelled = true;
      this.response.reject(this.signal?.reason);
      try {
        this.#stream?.error(this.signal?.reason);
      } catch {
        // It was over.
      }
    };
    this.signal?.addEventListener('abort', onAbort);
  }

  json(value: unknown, status = 200): void {
    const headers = { 'content-type': 'application/json', 'x-request-id': 'req_gated' };
    this.response.resolve(new Response(JSON.stringify(value), { status, headers }));
  }

  /** Answers with a stream that has no event yet. */
  open(): void {
    const stream = new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          this.#stream = controller;
        },
        pull: () => {
          this.pulls += 1;
        },
        cancel: () => {
          this.isCancelled = true;
        },
      },
      { highWaterMark: 0 },
    );
    const headers = { 'content-type': 'text/event-stream', 'x-request-id': 'req_gated' };
    this.response.resolve(new Response(stream, { headers }));
  }

  send(...events: readonly unknown[]): void {
    for (const event of events) {
      const data = typeof event === 'string' ? event : JSON.stringify(event);
      this.#stream?.enqueue(encoder.encode(`data: ${data}\n\n`));
    }
  }

  end(): void {
    this.#stream?.close();
  }

  /** Breaks the connection. */
  cut(): void {
    this.#stream?.error(new TypeError('terminated'));
  }
}

/** A `fetch` whose requests wait until the test answers them. */
export function gatedProvider() {
  const requests: GatedRequest[] = [];
  return {
    requests,
    fetch(_url: unknown, init?: RequestInit): Promise<Response> {
      const request = new GatedRequest(init);
      requests.push(request);
      return request.response.promise;
    },
    /** The request of that number, once it has been made. */
    async request(index: number): Promise<GatedRequest> {
      for (let turns = 0; turns < 1_000; turns += 1) {
        const request = requests[index];
        if (request) return request;
        await turn();
      }
      throw new Error(`only ${requests.length} requests were made`);
    },
  };
}

/** Lets what is under way go on as far as it can without an answer. */
export async function settle(): Promise<void> {
  for (let turns = 0; turns < 20; turns += 1) await turn();
}

const CHUNK = {
  id: 'chatcmpl-1',
  object: 'chat.completion.chunk',
  created: 1_790_000_000,
  model: 'gpt-5-mini',
};

/** A chunk of text. */
export function textChunk(content: string): object {
  return {
    ...CHUNK,
    choices: [{ index: 0, delta: { content }, finish_reason: null, logprobs: null }],
  };
}

/** The chunk that ends the answer. */
export function lastChunk(finishReason = 'stop'): object {
  return {
    ...CHUNK,
    choices: [{ index: 0, delta: {}, finish_reason: finishReason, logprobs: null }],
  };
}

/** The chunk that says what was used. */
export const usageChunk = {
  ...CHUNK,
  choices: [],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
};

/** A whole answer. */
export function chatAnswer(content: string): object {
  return {
    ...CHUNK,
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        message: { role: 'assistant', content, refusal: null },
        finish_reason: 'stop',
        logprobs: null,
      },
    ],
    usage: usageChunk.usage,
  };
}
