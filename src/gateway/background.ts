import type { CallInput, OpenCall } from '../pipeline/call-port.js';
import type { CallOptions } from '../pipeline/contract.js';
import { drainResponse } from './drain-response.js';

/** The same call, by nobody who waits for it. */
export function again(
  input: CallInput,
  { cache, cause }: Pick<CallOptions, 'cache'> & Pick<CallInput, 'cause'>,
): CallInput {
  return {
    ...input,
    callerSignal: undefined,
    target: input.target.copy(),
    options: { ...input.options, cache },
    cause,
  };
}

/** Makes a call, and reads its answer to the end for whoever wants to have seen it. */
export async function inBackground(open: () => OpenCall): Promise<void> {
  try {
    await drainResponse(await open().response);
  } catch {
    // It has been settled, and nobody waits for it.
  }
}

/** Whether a body can be read again. */
export function isPlain(body: unknown): boolean {
  if (typeof body !== 'object' || body === null) return false;
  const prototype: unknown = Object.getPrototypeOf(body);
  return prototype === Object.prototype || prototype === null;
}
