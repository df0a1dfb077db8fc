import { onTestFinished } from 'vitest';
import type { ChildSettings } from './limit-child.js';
import { type Child, startProcess } from './processes.js';

/** Starts a process that is killed after the test at the latest. */
export async function startChild(settings: ChildSettings): Promise<Child> {
  const child = await startProcess(settings);
  onTestFinished(child.kill);
  return child;
}
