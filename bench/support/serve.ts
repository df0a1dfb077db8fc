/** What a child process can be asked for. */
export type Methods = Readonly<Record<string, (argument: never) => Promise<unknown>>>;

/** Answers the parent's questions one at a time, until the parent goes. */
export function serve(methods: Methods): void {
  process.on('message', async (question: { id: number; method: string; argument: never }) => {
    const { id, method, argument } = question;
    try {
      const run = methods[method];
      if (run === undefined) throw new Error(`no method ${method}`);
      process.send?.({ id, value: await run(argument) });
    } catch (error) {
      process.send?.({
        id,
        error: error instanceof Error ? (error.stack ?? error.message) : String(error),
      });
    }
  });
  process.on('disconnect', () => process.exit());
}
