import type Bottleneck from 'bottleneck';
import type { Clock } from '../../pipeline/clock.js';

/** A job of a shared limiter. */
export interface Job {
  readonly limiter: Bottleneck;
  readonly clock: Clock;
  /** It has its slot, until the promise is settled. */
  readonly begin: () => Promise<void>;
}

/** Until it is looked where a job is, in ms. */
const LOOK_MS = 20;
let jobs = 0;

/**
 * Starts a job. Resolves when it has begun, or when it is known to stand in Bottleneck's queue, which it cannot leave:
 * it begins when it can. Rejects where Redis fails.
 */
export function startJob({ limiter, clock, begin }: Job): Promise<void> {
  jobs += 1;
  const id = `zerohop-${jobs}`;
  return new Promise((resolve, reject) => {
    const stop = clock.timer(LOOK_MS, () => {
      stands(limiter, id).then((isQueued) => {
        if (isQueued) resolve();
      }, reject);
    });
    const run = (): Promise<void> => {
      stop();
      resolve();
      return begin();
    };
    limiter.schedule({ id }, run).catch((error: unknown) => {
      stop();
      reject(error);
    });
  });
}

/** Whether a job stands in the queue. What Bottleneck had asked before is answered two answers later at the latest. */
async function stands(limiter: Bottleneck, id: string): Promise<boolean> {
  await limiter.running();
  await limiter.running();
  return limiter.jobStatus(id) === 'QUEUED';
}
