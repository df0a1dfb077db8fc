import type Bottleneck from 'bottleneck';
import type { Clock } from '../../pipeline/clock.js';

/** A job of a shared limiter. */
export interface Job {
  readonly limiter: Bottleneck;
  readonly weight: number;
  readonly clock: Clock;
  /** It has what it weighs, until the promise is settled. */
  readonly begin: () => Promise<void>;
  /** It was refused, or fell out of the queue. */
  readonly onRefused?: () => void;
}

/**
 * - `begun`
 * - `refused`: there was too little
 * - `queued`: somebody else was quicker between Bottleneck's two looks; it begins when it can, and cannot be called off
 */
export type JobStart = 'begun' | 'refused' | 'queued';

/** Until it is looked where a job is, in ms. */
const LOOK_MS = 20;
let jobs = 0;

/** Starts a job. Resolves as soon as it is known what became of it; rejects where Redis fails. */
export function startJob({ limiter, weight, clock, begin, onRefused }: Job): Promise<JobStart> {
  jobs += 1;
  const id = `zerohop-${jobs}`;
  return new Promise((resolve, reject) => {
    const stop = clock.timer(LOOK_MS, () => {
      stands(limiter, id).then((isQueued) => {
        if (isQueued) resolve('queued');
      }, reject);
    });
    const run = (): Promise<void> => {
      stop();
      resolve('begun');
      return begin();
    };
    limiter.schedule({ weight, id }, run).catch((error: unknown) => {
      stop();
      if (!isDropped(error)) {
        reject(error);
        return;
      }
      onRefused?.();
      resolve('refused');
    });
  });
}

/** Whether a job stands in the queue. What Bottleneck had asked before is answered two answers later at the latest. */
async function stands(limiter: Bottleneck, id: string): Promise<boolean> {
  await limiter.running();
  await limiter.running();
  return limiter.jobStatus(id) === 'QUEUED';
}

/** What Bottleneck rejects with where there was too little. */
function isDropped(error: unknown): boolean {
  return error instanceof Error && error.message === 'This job has been dropped by Bottleneck';
}
