import type { Failure, FailureKind } from '../pipeline/settlement.js';
import { LimitedNames } from './limited-names.js';

/** Error types that are told apart; the rest share one. */
const MAX_ERROR_TYPES = 64;
const OTHER_ERROR = '_OTHER';

/** A word or a number as providers use them for codes: nothing that could carry an id or a key. */
const CODE = /^(?:[A-Za-z][A-Za-z_.]{0,47}\d{0,3}|\d{3,6})$/;

const BY_KIND: Readonly<Record<FailureKind, string>> = {
  status: OTHER_ERROR,
  upstream_error: 'upstream_error',
  truncated: 'truncated',
  connection: 'connection_error',
  malformed: 'malformed',
  empty: 'empty',
  connect_timeout: 'timeout',
  first_byte_timeout: 'timeout',
  idle_timeout: 'timeout',
  timeout: 'timeout',
  deadline: 'timeout',
  limit: 'limit',
  over_limit: 'over_limit',
  redirect: 'redirect',
  aborted: 'aborted',
  interceptor: 'interceptor',
  other: OTHER_ERROR,
};

/** Gives failures their `error.type`: the same one for spans and metrics, and not too many of them. */
export class ErrorTypes {
  readonly #names = new LimitedNames(MAX_ERROR_TYPES, OTHER_ERROR);

  /** The provider's code, else the HTTP status, else what kind of failure it was. */
  of(failure: Failure | undefined, provider: string): string {
    return failure === undefined ? OTHER_ERROR : this.#names.of(describe(failure, provider));
  }
}

function describe({ kind, code, type, status }: Failure, provider: string): string {
  if (kind !== 'status' && kind !== 'upstream_error') return BY_KIND[kind];
  // Anthropic calls its codes types.
  const given = code ?? (provider === 'anthropic' ? type : undefined);
  if (given !== undefined && CODE.test(given)) return given;
  if (status !== undefined) return String(status);
  return type !== undefined && CODE.test(type) ? type : BY_KIND[kind];
}
