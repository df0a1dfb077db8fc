import type { CallOptions } from './contract.js';

/** Key under which one call's options travel through the SDK, inside its own `RequestOptions`. */
const CALL_OPTIONS: unique symbol = Symbol.for('zerohop.call') as never;

/** Puts call options where {@link readCallOptions} finds them. */
export function tagCallOptions<Options extends object>(
  options: CallOptions,
  onto: Options,
): Options {
  return { ...onto, [CALL_OPTIONS]: options };
}

/** The call options that travel with a request, if any. */
export function readCallOptions(options: object): CallOptions | undefined {
  // Written by tagCallOptions() only, which checked them.
  return CALL_OPTIONS in options ? (options[CALL_OPTIONS] as CallOptions) : undefined;
}
