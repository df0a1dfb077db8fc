import { type HeapProfiler, type Profiler, type Runtime, Session } from 'node:inspector/promises';

/** What one function took itself, its callees not counted: µs, or bytes. */
export interface Share {
  readonly name: string;
  readonly amount: number;
}

/** Profiles `work`; self times by function, longest first. */
export async function profile(work: () => Promise<unknown>): Promise<Share[]> {
  const session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.setSamplingInterval', { interval: 200 });
  await session.post('Profiler.start');
  await work();
  const { profile: taken } = await session.post('Profiler.stop');
  session.disconnect();
  return selfTimes(taken);
}

const BYTES_BETWEEN_SAMPLES = 2_048;

/**
 * The bytes that `work` allocates, by function, most first; of `'survivors'` only what outlives a young collection (and
 * what was not collected when it was over: make many calls).
 */
export async function allocations(
  work: () => Promise<unknown>,
  which: 'all' | 'survivors',
): Promise<Share[]> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.enable');
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: BYTES_BETWEEN_SAMPLES,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: which === 'all',
  });
  await work();
  const { profile: taken } = await session.post('HeapProfiler.stopSampling');
  session.disconnect();
  const totals = new Map<string, number>();
  const add = ({ callFrame, selfSize, children }: HeapProfiler.SamplingHeapProfileNode): void => {
    const name = nameOf(callFrame);
    totals.set(name, (totals.get(name) ?? 0) + selfSize);
    children.forEach(add);
  };
  add(taken.head);
  return mostFirst(totals);
}

function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Share[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const totals = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '?';
    totals.set(name, (totals.get(name) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  }
  return mostFirst(totals);
}

function mostFirst(totals: ReadonlyMap<string, number>): Share[] {
  const shares = [...totals].map(([name, amount]) => ({ name, amount }));
  return shares.sort((a, b) => b.amount - a.amount);
}

function nameOf({ functionName, url, lineNumber }: Runtime.CallFrame): string {
  const name = functionName || '(anonymous)';
  const file = url.replace(/^.*\/(?:main|zerohop)\//, '').replace('node_modules/', '');
  return file === '' ? name : `${file}:${lineNumber + 1} ${name}`;
}

/** A function's room: ours, the SDK's, Node's, the bench's or the engine's. */
export function roomOf(name: string): string {
  if (/^(?:src|dist)\//.test(name)) return 'zerohop';
  if (/^openai\//.test(name)) return 'openai';
  if (/^node:/.test(name)) return 'node';
  if (/^bench\//.test(name)) return 'bench';
  return /^\((?:idle|program|garbage collector)\)$/.test(name) ? name : 'engine';
}
