import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';

/** What is replied to a command, as bytes of RESP; `undefined` is no reply at all. */
export type RespReplier = (command: string, words: readonly string[]) => string | undefined;

/** A server that looks like Redis to a client, and replies what a case likes. */
export interface RespServer {
  readonly url: string;
  /** Names of the commands that came in, without those a client sends to introduce itself. */
  readonly commands: readonly string[];
  /** What is said from now on. */
  reply: RespReplier;
  close(): Promise<void>;
}

/** Nothing is stored, and everything is well. */
export const emptyRedis: RespReplier = (command) => (command === 'GET' ? '$-1\r\n' : '+OK\r\n');

const INTRODUCTIONS: ReadonlySet<string> = new Set(['CLIENT', 'HELLO', 'SELECT', 'PING']);

/** Starts one. */
export async function startResp(reply: RespReplier): Promise<RespServer> {
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (;;) {
        const read = readCommand(text);
        if (read === undefined) return;
        text = text.slice(read.length);
        socket.write(answer(read.words) ?? '');
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const address = tcp.address();
  const port = typeof address === 'object' ? address?.port : undefined;

  function answer(words: readonly string[]): string | undefined {
    const name = (words[0] ?? '').toUpperCase();
    if (INTRODUCTIONS.has(name)) return '+OK\r\n';
    commands.push(name);
    return server.reply(name, words);
  }

  const server: RespServer = {
    url: `redis://127.0.0.1:${port}`,
    commands,
    reply,
    async close() {
      for (const socket of sockets) socket.destroy();
      tcp.close();
      await once(tcp, 'close');
    },
  };
  return server;
}

interface Command {
  readonly words: readonly string[];
  /** How many bytes it took. */
  readonly length: number;
}

/** The first command of `text`, an array of bulk strings in Latin-1, once it is there in whole. */
function readCommand(text: string): Command | undefined {
  const head = /^\*(\d+)\r\n/.exec(text);
  if (head === null) return undefined;
  const words: string[] = [];
  let at = head[0].length;
  for (let left = Number(head[1]); left > 0; left -= 1) {
    const size = /^\$(\d+)\r\n/.exec(text.slice(at, at + 16));
    if (size === null) return undefined;
    const from = at + size[0].length;
    const end = from + Number(size[1]);
    if (text.length < end + 2) return undefined;
    words.push(text.slice(from, end));
    at = end + 2;
  }
  return { words, length: at };
}
