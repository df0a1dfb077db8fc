import { ANSWER, textEvent } from './wire.js';

const encoder = new TextEncoder();
const HEADERS = { 'content-type': 'text/event-stream' };
const END = encoder.encode('data: [DONE]\n\n');

interface OpenStream {
  readonly controller: ReadableByteStreamController;
  readonly nonce: string;
}

/** An in-memory provider whose streams all move at one ticker; each chunk carries the nonce its request named as its model. */
export class Ticker {
  readonly #open: OpenStream[] = [];

  readonly fetch = async (_input: unknown, init?: RequestInit): Promise<Response> => {
    const nonce = /"model":"([^"]*)"/.exec(String(init?.body))?.[1] ?? '';
    if (nonce === 'json')
      return new Response(ANSWER, { headers: { 'content-type': 'application/json' } });
    const body = new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        this.#open.push({ controller, nonce });
      },
    });
    return new Response(body, { headers: HEADERS });
  };

  /** Gives every open stream its next chunk. */
  tick(): void {
    for (const { controller, nonce } of this.#open)
      controller.enqueue(encoder.encode(textEvent(nonce)));
  }

  /** Ends every open stream, well. */
  end(): void {
    const last = encoder.encode(finishEvent());
    for (const { controller } of this.#open.splice(0)) {
      controller.enqueue(last.slice());
      controller.enqueue(END.slice());
      controller.close();
    }
  }
}

function finishEvent(): string {
  const choices = [{ index: 0, delta: {}, finish_reason: 'stop' }];
  return `data: ${JSON.stringify({ id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1, model: 'm', choices })}\n\n`;
}
