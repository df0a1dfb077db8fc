import { type Profiler, type Runtime, Session } from 'node:inspector/promises';

/** Where the time of one function went, its callees not counted. */
export interface SelfTime {
  readonly name: string;
  readonly microseconds: number;
}

/** Profiles `work`; self times by function, longest first. */
export async function profile(work: () => Promise<unknown>): Promise<SelfTime[]> {
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

function selfTimes({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): SelfTime[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const totals = new Map<string, number>();
  for (const [index, id] of samples.entries()) {
    const name = names.get(id) ?? '?';
    totals.set(name, (totals.get(name) ?? 0) + Math.max(0, timeDeltas[index] ?? 0));
  }
  return [...totals]
    .map(([name, microseconds]) => ({ name, microseconds }))
    .sort((a, b) => b.microseconds - a.microseconds);
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
