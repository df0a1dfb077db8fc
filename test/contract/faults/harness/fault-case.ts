import type { FailureKind, GatewayOptions, Outcome, TargetOptions, TargetRef } from 'zerohop';
import type { Origin } from './origin.js';
import type { Priority } from './report.js';
import type { Result, Scene } from './scene.js';
import type { Attempt } from './script.js';
import type { ErrorName, Sdk, SdkName } from './sdks.js';
import type { Shape } from './shapes.js';

/** A range in ms. */
export type Range = readonly [from: number, to: number];

/** What a call is to come to. */
export interface Expectation {
  readonly outcome: Outcome;
  /** Requests at the upstream. @defaultValue 1 */
  readonly hits?: number;
  /** Requests at the other target. @defaultValue 0 */
  readonly otherHits?: number;
  /** Attempts in the settlement. @defaultValue `hits` and `otherHits` together */
  readonly attempts?: number;
  /** Waits that were asked for between attempts. @defaultValue one back-off for each retry */
  readonly waits?: readonly Range[];
  /** All text the caller gets, also before an error. */
  readonly text?: string;
  /** The caller may get less of `text`, from the front. */
  readonly isPrefix?: boolean;
  /** Events the caller gets of a stream. */
  readonly chunks?: number;
  /** What the settlement says was used: 5 in and 7 out, or nothing. */
  readonly usage?: 'reported' | 'none';
  /** Failure of each attempt, in order; `undefined` for the one that answered. */
  readonly kinds?: readonly (FailureKind | undefined)[];
  readonly error?: ErrorExpectation;
  /** What else must hold. */
  readonly check?: (result: Result, scene: Scene) => void | Promise<void>;
}

/** What an error is to be. */
export interface ErrorExpectation {
  readonly is: ErrorName;
  readonly status?: number;
  readonly message?: RegExp;
}

/** The other target, to be put into a route. */
export type OtherTarget = (options?: Omit<TargetOptions, 'client' | 'provider'>) => TargetRef;

/** What a case needs beside an upstream, made anew for each run. */
export interface Stage {
  readonly gateway?: GatewayOptions;
  act(scene: Scene): Promise<void>;
  /** Called however the run went. */
  close?(): Promise<unknown> | unknown;
}

/** One case, or one variant of it. */
export interface FaultCase {
  readonly id: string;
  readonly priority: Priority;
  readonly title: string;
  /** Tells the runs of one case apart. */
  readonly variant?: string;
  /** @defaultValue all */
  readonly sdks?: readonly SdkName[];
  /** What the upstream does in turn; the last entry repeats. */
  readonly attempts?: (shape: Shape) => readonly Attempt[];
  /** An upstream that no script can say; in the place of `attempts`. */
  readonly origin?: (shape: Shape) => Promise<Origin>;
  /** Whether the shared catalogue's scripts of this id mean the same. @defaultValue true for attempts without a variant */
  readonly isShared?: boolean;
  readonly gateway?: GatewayOptions;
  /** What another target does in turn, which has a server and a key of its own. @defaultValue there is none */
  readonly other?: (shape: Shape) => readonly Attempt[];
  /** The other target's SDK. @defaultValue the caller's */
  readonly otherSdk?: Sdk;
  /** How the gateway comes to ask the other target. @defaultValue it is the fallback */
  readonly route?: (other: OtherTarget) => GatewayOptions;
  readonly client?: { readonly timeout?: number; readonly maxRetries?: number };
  /** Options of the connection pool. */
  readonly pool?: object;
  readonly stream?: boolean;
  /** Laid over the usual request. */
  readonly extra?: object;
  readonly expect?: Expectation;
  /** Runs the case where one call with `expect` does not say it. */
  readonly act?: (scene: Scene) => Promise<void>;
  /** In the place of `gateway` and `act`, where each run needs things of its own: a store, a server. */
  readonly stage?: () => Stage | Promise<Stage>;
  /** Why it may not pass yet. */
  readonly pending?: string;
}

/** The default back-off before retry `n` (from 0), in ms. */
export function backoff(n: number): Range {
  const full = Math.min(500 * 2 ** n, 8_000);
  return [0.75 * full, full];
}
