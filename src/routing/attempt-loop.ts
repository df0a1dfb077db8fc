import type { Admission, Permit } from '../pipeline/admission.js';
import { MAX_TIMER_MS } from '../pipeline/clock.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { Exchange } from '../pipeline/exchange.js';
import type { TargetFollowers } from '../pipeline/feature.js';
import type { AttemptRecord, Failure, Outcome, ResponseFacts } from '../pipeline/settlement.js';
import type { ErrorFactory, Ticket } from '../pipeline/target.js';
import { readingFor } from './answer-reading.js';
import { Attempt, exchangeFor } from './attempt.js';
import { type AttemptFailure, describeFailure } from './describe-failure.js';
import { guardFirstByte } from './first-byte.js';
import { abortedFailure, FailedAttempt, LoopError, orThrow } from './loop-errors.js';
import type { LoopOptions, Seen } from './loop-options.js';
import { type Answer, readAnswer } from './read-answer.js';
import { RetryTurns } from './retry-turns.js';
import { asksUsage, askUsage, lacksUsage, refusesUsage } from './stream-usage.js';

/**
 * The one retry loop: sends attempts to one target until one answers, or none may follow. For a stream it
 * is asked again ({@link resume}) as long as nothing of it has reached the caller.
 */
export class AttemptLoop {
  readonly options: LoopOptions;
  readonly #turns: RetryTurns;
  #asksUsage = false;
  #isGivenUp = false;
  /** From its first attempt on: a target that limits keep it from has not been asked. */
  #followers: TargetFollowers | undefined;
  /** Those at this target. */
  readonly #attempts: AttemptRecord[] = [];
  /** Of the last response. */
  #headers: Headers | undefined;
  #current: Attempt | undefined;

  constructor(options: LoopOptions) {
    this.options = options;
    this.#turns = new RetryTurns(options);
    options.health.budget.deposit();
    if (options.admission === undefined) this.#follow();
  }

  #follow(): void {
    const { context, target, request } = this.options;
    this.#followers ??= context.followers?.target(target, request);
  }

  /** The first answer, or what the caller is to see in its place. */
  start(): Promise<Answer | LoopError> {
    return this.#once((failed) => this.#recover(failed));
  }

  /** Another answer in the place of one whose body failed, or what the caller is to see. */
  async resume(thrown: unknown): Promise<Answer | LoopError> {
    return this.#recover(FailedAttempt.of(this.fail(thrown)));
  }

  /** What follows an attempt that failed. */
  #recover(failed: FailedAttempt): LoopError | Promise<Answer | LoopError> {
    const turn = this.#beforeRetry(failed);
    return turn instanceof FailedAttempt ? this.#ended(turn) : this.#retry(turn);
  }

  /** Only where another attempt may follow is p-retry loaded, and makes them: it knows what failed by what is thrown. */
  async #retry(turn: Promise<FailedAttempt | undefined> | undefined): Promise<Answer | LoopError> {
    try {
      orThrow(await turn);
      const { default: pRetry } = await import('p-retry');
      return await pRetry(async () => orThrow(await this.#once((failed) => failed)), {
        retries: Number.POSITIVE_INFINITY,
        minTimeout: 0,
        onFailedAttempt: async ({ error }) => {
          if (!(error instanceof FailedAttempt)) throw error;
          orThrow(await this.#beforeRetry(error));
        },
      });
    } catch (error) {
      if (!(error instanceof FailedAttempt)) throw error;
      return this.#ended(error);
    }
  }

  #ended({ attempt }: FailedAttempt): LoopError {
    const { failure } = attempt;
    this.end(failure.kind === 'aborted' ? 'aborted' : 'error', failure);
    return LoopError.of(attempt);
  }

  /** Waits as long as the policy says; gives what it ends with where nothing may follow. */
  #beforeRetry(
    failed: FailedAttempt,
  ): FailedAttempt | Promise<FailedAttempt | undefined> | undefined {
    if (this.#isGivenUp) return failed;
    const { context, health } = this.options;
    if (this.#asksUsage && refusesUsage(failed.attempt.failure)) {
      // Our own question was refused, not the caller's request: it is sent again as it was.
      health.refusesUsage = true;
      context.decide('usage-not-asked', { reason: 'refused' });
      return undefined;
    }
    const waitMs = this.#turns.next(
      failed.attempt,
      this.#current?.exchange.headersAt !== undefined,
    );
    return waitMs === undefined ? failed : this.#takeTurn(failed, waitMs);
  }

  async #takeTurn(failed: FailedAttempt, waitMs: number): Promise<FailedAttempt | undefined> {
    const record = this.#current?.record;
    const ended = await this.#turns.take(failed, waitMs, record);
    if (ended === undefined && record) this.#followers?.retrying(record);
    return ended;
  }

  /** @param onFailed what comes of it where it fails */
  async #once<Outcome>(
    onFailed: (failed: FailedAttempt) => Outcome | Promise<Outcome>,
  ): Promise<Answer | Outcome> {
    const { context, request, target, admission } = this.options;
    if (context.signal.aborted) {
      return onFailed(FailedAttempt.of(abortedFailure(context.signal.reason, target.errors)));
    }
    const permit = admission && (await this.#admitted(admission));
    if (permit instanceof FailedAttempt) return onFailed(permit);
    const isAnswered = () => this.#current?.exchange.headersAt !== undefined;
    const guard = guardFirstByte(this.options, isAnswered);
    const exchange = exchangeFor(this.options, guard?.signal ?? context.signal);
    const attempt = this.#begin(exchange, permit);
    try {
      const { signal } = exchange;
      const ticket = { retryCount: this.#turns.taken, signal, exchange };
      const response = await context.unlessAborted(this.#send(this.#metered(request), ticket));
      attempt.sawHeaders(response);
      this.#headers = response.headers;
      const reading = readAnswer(response, readingFor(this.options), this, exchange);
      const answer = reading instanceof Promise ? await reading : reading;
      if (answer.kind !== 'events') {
        const { facts, usage } = answer;
        const seen = { facts, usage, status: response.status };
        this.succeed(seen);
        this.end('success', undefined, seen);
      }
      return answer;
    } catch (error) {
      return onFailed(FailedAttempt.of(this.fail(guard ? guard.causeOf(error) : error)));
    } finally {
      guard?.end();
    }
  }

  /** What the attempt may take of the limits; waits for it where it must. */
  async #admitted(admission: Admission): Promise<Permit | FailedAttempt> {
    const { context, request, target } = this.options;
    const { name, provider } = target;
    const asked = { request, context, target: name, provider: provider.name };
    try {
      const permit = await admission.admit(asked);
      this.#follow();
      return permit;
    } catch (error) {
      const { signal } = context;
      return FailedAttempt.of(
        signal.aborted
          ? abortedFailure(signal.reason, target.errors)
          : describeFailure(error, this.shownErrors),
      );
    }
  }

  #begin(exchange: Exchange, permit: Permit | undefined): Attempt {
    const { context, target } = this.options;
    const startedAt = context.clock.now();
    const record = {
      index: context.attempts.length,
      target: target.name,
      provider: target.provider.name,
      startedAt: startedAt - context.startedAt,
      durationMs: 0,
    };
    context.attempts.push(record);
    this.#attempts.push(record);
    context.attempt = record.index;
    this.#current = new Attempt({ record, startedAt, exchange, permit });
    return this.#current;
  }

  /** Whether the current attempt's usage is to be kept from the caller, who did not ask for it. */
  get hidesUsage(): boolean {
    return this.#asksUsage && this.options.keepsUsage !== true;
  }

  /** Whether the current attempt asked for usage, for the caller or for us. */
  get usageAsked(): boolean {
    const { request, translation, keepsUsage } = this.options;
    if (translation) return keepsUsage === true || translation.includeUsage;
    return this.#asksUsage || asksUsage(request);
  }

  #metered(request: GatewayRequest): GatewayRequest {
    const { wantsUsage, translation, health, dialect, target } = this.options;
    const wants = (wantsUsage || translation?.includeUsage === true) && !health.refusesUsage;
    this.#asksUsage = wants && lacksUsage(request, dialect, target.provider);
    return this.#asksUsage ? askUsage(request) : request;
  }

  #send(request: GatewayRequest, ticket: Ticket): Promise<Response> {
    const { send } = this.options;
    const followers = this.#followers;
    if (followers === undefined) return send(request, ticket);
    const headers = followers.headers();
    const sent = headers ? { ...request, headers: { ...request.headers, ...headers } } : request;
    return followers.around(() => send(sent, ticket));
  }

  /** The target is done with: tells those who follow it. */
  end(outcome: Outcome, failure?: Failure, seen?: Seen): void {
    if (this.#followers === undefined) return;
    const { context } = this.options;
    const facts = seen?.facts();
    if (facts) this.note(facts);
    const attempts = this.#attempts;
    this.#followers.ended({
      outcome,
      failure,
      facts,
      status: seen?.status,
      attempts,
      cost: () => context.costOf(attempts),
      firstContentAt: seen?.firstContentAt,
      lastContentAt: seen?.lastContentAt,
      contentEvents: seen?.contentEvents,
    });
  }

  /** Notes what the current attempt reported, whatever becomes of it. */
  note(facts: ResponseFacts): void {
    this.#current?.note(facts);
  }

  /** Notes that the current attempt answered in full. */
  succeed(seen: Seen): void {
    const { health, context, observer } = this.options;
    this.#current?.succeeded(context.clock.now(), () => seen.usage());
    this.#turns.ended(false);
    health.lastAnswerAt = context.clock.now();
    observer?.succeeded({ headers: this.#headers, sentAt: this.attemptStartedAt, seen });
  }

  /** Notes that the current attempt failed, and how. */
  fail(thrown: unknown): AttemptFailure {
    const { context, target } = this.options;
    const attempt = context.signal.aborted
      ? abortedFailure(context.signal.reason, target.errors)
      : describeFailure(thrown, target.errors);
    this.#current?.failed(context.clock.now(), attempt);
    this.#turns.ended(attempt.failure.kind !== 'aborted');
    this.options.observer?.failed(attempt);
    return attempt;
  }

  /** Another one was quicker: the current attempt, whatever it is about to say, has come to nothing. */
  giveUp(): void {
    this.#isGivenUp = true;
    // One that waits for its next attempt has failed by itself.
    const failure = this.attempt?.failure ?? this.fail(undefined).failure;
    this.end('aborted', failure);
  }

  /** The current attempt. */
  get attempt(): AttemptRecord | undefined {
    return this.#current?.record;
  }

  /** Monotonic time at which the current attempt was sent. */
  get attemptStartedAt(): number {
    return this.#current?.startedAt ?? this.options.context.startedAt;
  }

  /** Makes the errors that the caller sees. */
  get shownErrors(): ErrorFactory {
    return this.options.shownErrors ?? this.options.target.errors;
  }

  /** How long a stream may be silent, in ms. */
  get idleMs(): number {
    return Math.min(this.options.timeouts.idle ?? this.options.target.timeoutMs, MAX_TIMER_MS);
  }
}
