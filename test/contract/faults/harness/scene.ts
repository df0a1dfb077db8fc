import { getEventListeners } from 'node:events';
import { expect } from 'vitest';
import { createGateway, type Gateway, type Settlement, target } from 'zerohop';
import { findCanary } from './canary.js';
import type { FaultCase, OtherTarget } from './fault-case.js';
import { Ledger } from './ledger.js';
import { type Origin, until } from './origin.js';
import { type Agent, installPool, restorePool } from './pool.js';
import { ProcessGuard } from './process-guard.js';
import { RecordingClock } from './recording-clock.js';
import {
  CANARY,
  type Caller,
  type CallSettings,
  type ClientSettings,
  OTHER_CANARY,
  type Sdk,
} from './sdks.js';

/** What a caller got of one call. */
export interface Result {
  readonly answer: object | undefined;
  readonly events: readonly object[];
  readonly text: string;
  readonly error: unknown;
  /** Whether the call threw before there was a stream. */
  readonly isEarly: boolean;
}

type OnEvent = 'break' | undefined;

/** How a scene's call differs from the usual one. */
export interface CallChanges extends CallSettings {
  readonly stream?: boolean | undefined;
  readonly extra?: object | undefined;
  /** Sees every event as it comes; `'break'` leaves the loop. */
  readonly onEvent?: (event: object) => OnEvent | Promise<OnEvent>;
}

/** What a scene is made with. */
export interface SceneOptions {
  readonly sdk: Sdk;
  readonly origin: Origin;
  readonly other?: Origin;
  readonly faultCase: FaultCase;
}

/** The name of the other target. */
export const OTHER = 'other';

/** Everything one run of a case takes place in. */
export class Scene {
  readonly clock = new RecordingClock();
  readonly settled: Settlement[] = [];
  readonly controller = new AbortController();
  readonly gateway: Gateway;
  readonly caller: Caller;
  readonly ledger: Ledger;
  /** Attempts that could not reach the upstream. */
  unseenAttempts = 0;
  #calls = 0;
  readonly #said: unknown[] = [];
  readonly #guard = new ProcessGuard();
  readonly #pool: Agent;

  readonly sdk: Sdk;
  readonly origin: Origin;
  /** The server of the other target. */
  readonly other: Origin | undefined;
  readonly faultCase: FaultCase;

  constructor({ sdk, origin, other, faultCase }: SceneOptions) {
    this.sdk = sdk;
    this.origin = origin;
    this.other = other;
    this.faultCase = faultCase;
    this.#pool = installPool(faultCase.pool);
    const { gateway, route = (to) => ({ fallbacks: [to()] }) } = faultCase;
    this.ledger = new Ledger({ ...gateway, ...(other && route(this.#otherTarget(other))) });
    this.gateway = createGateway({ clock: this.clock, ...this.ledger.options });
    this.gateway.on('settled', (settlement) => this.settled.push(settlement));
    this.caller = this.connect({});
  }

  #otherTarget({ url }: Origin): OtherTarget {
    const { otherSdk = this.sdk } = this.faultCase;
    // What a case sets for the caller is not to end what the other one answers on a busy machine.
    const client = otherSdk.client({ url, apiKey: OTHER_CANARY, timeout: 60_000 });
    return (options) => target({ name: OTHER, client, ...options });
  }

  /** Another client of the same gateway. */
  connect(changes: Partial<ClientSettings>): Caller {
    const { client } = this.faultCase;
    return this.sdk.connect({ url: this.origin.url, ...client, ...changes }, this.gateway);
  }

  /** Makes a call as the case says, and reads all of it. */
  async call(changes: CallChanges = {}, caller = this.caller): Promise<Result> {
    const { stream = this.faultCase.stream, extra = this.faultCase.extra ?? {} } = changes;
    const { onEvent, stream: _, extra: __, ...given } = changes;
    const settings = { signal: this.controller.signal, ...given };
    this.#calls += 1;
    const events: object[] = [];
    let answer: object | undefined;
    let error: unknown;
    let isEarly = true;
    try {
      if (stream) {
        const iterable = await caller.events(extra, settings);
        isEarly = false;
        for await (const event of iterable) {
          events.push(event);
          if ((await onEvent?.(event)) === 'break') break;
        }
      } else answer = await caller.answer(extra, settings);
    } catch (thrown) {
      error = thrown;
      this.#said.push(thrown);
    }
    const { textOf, textOfEvent } = this.sdk;
    const text = answer ? textOf(answer) : events.map(textOfEvent).join('');
    return { answer, events, text, error, isEarly };
  }

  /** Counts a call that was made past `call()`. */
  countCall(): void {
    this.#calls += 1;
  }

  /** Searches what was thrown or written elsewhere, too. */
  noteSaid(said: unknown): void {
    this.#said.push(said);
  }

  /** Ends the scene: asserts what holds for every case. */
  async finish(): Promise<void> {
    const { signal } = this.controller;
    expect(getEventListeners(signal, 'abort'), 'listeners left on the signal').toEqual([]);
    await until(() => this.settled.length >= this.#calls);
    expect(this.settled, 'one settlement a call').toHaveLength(this.#calls);
    this.ledger.judge(this.settled);
    if (this.other) this.ledger.judgeTargets(this.settled);
    const attempts = this.settled.flatMap((settlement) => settlement.attempts);
    const others = attempts.filter((attempt) => attempt.target === OTHER);
    expect(others, 'attempts at the other target').toHaveLength(this.other?.hits ?? 0);
    const own = attempts.length - others.length;
    expect(own - this.unseenAttempts, 'attempts that were reported').toBe(this.origin.hits);
    expect(wireOf(this.origin), 'a key that is not for it').not.toContain(OTHER_CANARY);
    expect(wireOf(this.other), 'a key that is not for it').not.toContain(CANARY);
    await within(5_000, this.#pool.close(), 'a socket is still in use');
    await this.origin.quiet();
    await this.other?.quiet();
    await until(() => this.clock.timers === 0);
    for (const said of [...this.#said, ...this.settled, ...this.ledger.said()]) {
      expect(findCanary(said), 'the key was found').toBeUndefined();
    }
  }

  /** Takes everything down; to be called however the case went. Gives what the process complained of. */
  async dispose(): Promise<readonly string[]> {
    restorePool();
    await this.#pool.destroy();
    await this.origin.close();
    await this.other?.close();
    return this.#guard.stop();
  }
}

function wireOf(origin: Origin | undefined): string {
  return (origin?.seen ?? []).map(({ wire }) => wire).join();
}

async function within(ms: number, work: Promise<unknown>, otherwise: string): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(otherwise)), ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
