import type { Answer } from '../read-answer.js';

/** One of several ways to an answer, that can be given up. */
export interface Lane {
  readonly answer: Promise<Answer>;
  /** Another one was quicker: closes what is open, and says so in the call's attempts. Never throws. */
  lose(): void;
}

/** What a race needs of the second way. */
export interface SecondLane {
  /** Calls back once the first has taken too long; gives what cancels it. */
  readonly whenSlow: (callback: () => void) => () => void;
  /** Starts it; `undefined` where it may not be. */
  readonly start: () => Lane | undefined;
}

/**
 * The first answer of two ways, the second of which is only taken where the first is slow. The other is given
 * up before the answer is handed over. Rejects with what the first failed with once nobody is left.
 */
export function race(first: Lane, second: SecondLane): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const running = new Set<Lane>();
  let isOver = false;
  let failure: unknown;
  const stop = second.whenSlow(() => {
    const lane = second.start();
    if (lane) run(lane);
  });
  function end(): void {
    isOver = true;
    stop();
  }
  function run(lane: Lane): void {
    running.add(lane);
    lane.answer.then(
      (answer) => {
        if (isOver) return;
        end();
        for (const other of running) if (other !== lane) other.lose();
        resolve(answer);
      },
      (error: unknown) => {
        if (lane === first) failure = error;
        running.delete(lane);
        if (isOver || running.size > 0) return;
        end();
        reject(failure);
      },
    );
  }
  run(first);
  return promise;
}
