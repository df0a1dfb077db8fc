/** Runs `work`, and tells how far the memory of the process rose above where it was, in bytes. */
export async function peakMemory(work: () => Promise<unknown>): Promise<number> {
  globalThis.gc?.();
  const before = process.memoryUsage.rss();
  let peak = before;
  let isOver = false;
  const sample = () => {
    peak = Math.max(peak, process.memoryUsage.rss());
    if (!isOver) setImmediate(sample);
  };
  sample();
  try {
    await work();
  } finally {
    isOver = true;
  }
  return Math.max(peak, process.memoryUsage.rss()) - before;
}

/** CPU time that the process spends while `work` runs, in ms. */
export async function cpuTime(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}
