import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';

/** A real Redis on a free port of 127.0.0.1; it keeps nothing on disk. */
export interface TestRedis extends AsyncDisposable {
  readonly port: number;
  /** Such as `redis://127.0.0.1:40123`. */
  readonly url: string;
  /** Ends it without a farewell. */
  kill(): Promise<void>;
  /** Starts it again on the same port, empty. */
  restart(): Promise<void>;
  /** Stops it in the middle of whatever it does; connections stay open. */
  freeze(): void;
  /** Lets it go on. */
  thaw(): void;
  /** Makes it forget everything. */
  flush(): Promise<void>;
  /** Sends one command on a connection of its own, and gives its reply as Redis wrote it. */
  command(...words: readonly string[]): Promise<string>;
}

/** Whether this machine has one. */
export function isRedisInstalled(): boolean {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Starts a Redis; end it by `await using`. */
export async function startRedis(): Promise<TestRedis> {
  const port = await freePort();
  let server = await launch(port);
  const kill = async (): Promise<void> => {
    if (server.exitCode !== null || server.signalCode !== null) return;
    const gone = once(server, 'exit');
    server.kill('SIGKILL');
    await gone;
  };
  const command = (...words: readonly string[]): Promise<string> => send(port, words);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    async restart() {
      await kill();
      server = await launch(port);
    },
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    async flush() {
      await command('FLUSHALL');
    },
    command,
    [Symbol.asyncDispose]: kill,
  };
}

/** Resolves once it accepts connections. */
async function launch(port: number): Promise<ChildProcess> {
  const server = spawn(
    'redis-server',
    ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const endWithUs = (): void => void server.kill('SIGKILL');
  process.once('exit', endWithUs);
  server.once('exit', () => process.off('exit', endWithUs));

  await new Promise<void>((resolve, reject) => {
    let output = '';
    server.stdout.on('data', (bytes) => {
      output += bytes;
      if (output.includes('Ready to accept connections')) resolve();
    });
    server.once('error', reject);
    server.once('exit', () => reject(new Error(`redis-server did not start:\n${output}`)));
  });
  return server;
}

async function send(port: number, words: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const parts = words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`);
  socket.write(`*${words.length}\r\n${parts.join('')}`);
  try {
    const [reply] = await once(socket, 'data');
    return String(reply).trim();
  } finally {
    socket.destroy();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (typeof address !== 'object' || address === null) throw new Error('no port was free');
  return address.port;
}
