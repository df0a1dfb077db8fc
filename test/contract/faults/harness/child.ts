import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of its own, with which a case exchanges messages by turns. */
export interface Child {
  readonly pid: number;
  /** Sends a message and resolves with the next one that comes. */
  ask(message: unknown): Promise<unknown>;
  /** The next message, or one that has come and was not taken. */
  next(): Promise<unknown>;
  /** Ends it without a farewell. */
  kill(): Promise<void>;
}

const hooks = new URL('../../../../scripts/source-hooks.mjs', import.meta.url).href;

/** What it is started with. */
export interface ChildOptions {
  readonly args?: readonly string[];
  /** A command that starts another one, with its arguments, such as `prlimit`. */
  readonly through?: readonly string[];
}

/** Starts `workers/<name>`. */
export function startChild(
  name: string,
  { args = [], through: [command, ...options] = [] }: ChildOptions = {},
): Child {
  const execPath = command ?? process.execPath;
  const execArgv = [...(command ? [...options, process.execPath] : []), '--import', hooks];
  const file = fileURLToPath(new URL(`./workers/${name}`, import.meta.url));
  const child = fork(file, args, { execPath, execArgv, stdio: 'inherit' });
  const come: unknown[] = [];
  let waiting: PromiseWithResolvers<unknown> | undefined;
  child.on('message', (message) => {
    if (waiting) waiting.resolve(message);
    else come.push(message);
    waiting = undefined;
  });
  child.once('exit', () => waiting?.reject(new Error(`${name} has ended`)));
  const next = (): Promise<unknown> => {
    if (come.length > 0) return Promise.resolve(come.shift());
    waiting = Promise.withResolvers();
    return waiting.promise;
  };
  return {
    pid: child.pid ?? 0,
    next,
    ask(message) {
      child.send(message as string);
      return next();
    },
    kill: () => end(child),
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}
