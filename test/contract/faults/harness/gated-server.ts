import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type Origin, until } from './origin.js';

/** An upstream that answers nothing by itself: each answer is written by the case, when it likes. */
export interface GatedOrigin extends Origin {
  /** The request with this number, from 0, once it has come in whole. */
  request(index: number): Promise<GatedAnswer>;
}

/** One answer. */
export interface GatedAnswer {
  /** Whether the other side has gone away. */
  readonly isLeft: boolean;
  /** Resolves when it has. */
  left(): Promise<void>;
  json(status: number, text: string, headers?: Readonly<Record<string, string>>): void;
  /** Sends events of a stream, after its headers at first. */
  send(events: readonly string[]): void;
  end(): void;
}

/** Starts one. */
export async function startGated(): Promise<GatedOrigin> {
  const answers: GatedAnswer[] = [];
  let sockets = 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => answers.push(answerBy(response)));
  });
  server.on('connection', (socket) => {
    sockets += 1;
    socket.once('close', () => {
      sockets -= 1;
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return {
    url: `http://127.0.0.1:${port}`,
    get hits() {
      return answers.length;
    },
    async request(index) {
      await until(() => answers.length > index);
      const answer = answers[index];
      if (answer === undefined) throw new Error('there is no such request');
      return answer;
    },
    lastClosed: async () => answers.at(-1)?.left(),
    quiet: () => until(() => sockets === 0),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function answerBy(response: ServerResponse): GatedAnswer {
  let isLeft = false;
  response.once('close', () => {
    isLeft = !response.writableFinished;
  });
  return {
    get isLeft() {
      return isLeft;
    },
    left: () => until(() => isLeft),
    json(status, text, headers = {}) {
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(text);
    },
    send(events) {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(events.map((event) => `${event}\n\n`).join(''));
    },
    end: () => void response.end(),
  };
}
