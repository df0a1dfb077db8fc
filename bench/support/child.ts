import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** A child process that can be asked, and ends with the block that holds it. */
export interface Child extends AsyncDisposable {
  ask<Value>(method: string, argument?: unknown): Promise<Value>;
}

/** Flags that children need: TypeScript and `gc()`, and whatever this process was started with. */
export function childFlags(): string[] {
  const own = process.execArgv.filter((flag) => !flag.startsWith('--cpu-prof'));
  return [
    ...own,
    '--expose-gc',
    '--import',
    new URL('./typescript-hooks.mjs', import.meta.url).href,
  ];
}

export function benchFile(path: string): string {
  return fileURLToPath(new URL(`../${path}`, import.meta.url));
}

/** Starts `bench/<path>` as a child process. */
export function startChild(
  path: string,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Child {
  const child: ChildProcess = fork(benchFile(path), args, {
    execArgv: [...childFlags(), ...flags],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let last = 0;
  child.on('message', (answer: { id: number; value?: unknown; error?: string }) => {
    const waiter = waiting.get(answer.id);
    waiting.delete(answer.id);
    if (answer.error === undefined) waiter?.resolve(answer.value);
    else waiter?.reject(new Error(`${path}: ${answer.error}`));
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', (code, signal) => {
      for (const { reject } of waiting.values())
        reject(new Error(`${path} ended (${code ?? signal})`));
      resolve();
    });
  });
  return {
    ask<Value>(method: string, argument?: unknown): Promise<Value> {
      const waiter = Promise.withResolvers<unknown>();
      last += 1;
      waiting.set(last, waiter);
      child.send({ id: last, method, argument });
      // What a method answers is its caller's to know.
      return waiter.promise as Promise<Value>;
    },
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      const timer = setTimeout(() => child.kill('SIGKILL'), 1_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

/** Starts the provider; its base URL, and the process to ask what it has seen. */
export async function startProvider(): Promise<
  { baseURL: string; child: Child } & AsyncDisposable
> {
  const child = startChild('support/provider.ts');
  const port = await child.ask<number>('port');
  return {
    baseURL: `http://127.0.0.1:${port}/v1`,
    child,
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}
