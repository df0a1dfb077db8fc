import { CallContext } from '../pipeline/call-context.js';
import type { CallInput } from '../pipeline/call-port.js';
import type { CallOptions, GatewayRequest } from '../pipeline/contract.js';
import { GatewayError } from '../pipeline/errors.js';
import { forwardMetadata } from '../pipeline/forward-metadata.js';
import { mergeMetadata } from '../pipeline/metadata.js';
import type { Operation } from '../pipeline/settlement.js';
import { uniqueId } from '../pipeline/unique-id.js';
import { modelOf } from './call-parts.js';
import type { GatewayOptions } from './gateway-options.js';
import type { RunnerOptions } from './open-call.js';

/** What is known of a call beside its input. */
export interface Opening {
  readonly operation: Operation;
  readonly scope: CallOptions | undefined;
}

/** The context of a new call. */
export function openContext(
  runner: RunnerOptions,
  input: CallInput,
  { operation, scope }: Opening,
): CallContext {
  const { values, truncated } = mergeMetadata([
    runner.options.metadata,
    scope?.metadata,
    input.options?.metadata,
  ]);
  const context = new CallContext({
    id: `zh_${uniqueId()}`,
    operation,
    requestModel: modelOf(input.body),
    stream: input.stream,
    metadata: values,
    logger: runner.logger,
    clock: runner.clock,
    callerSignal: input.callerSignal,
    onSettled: runner.onSettled,
    pricer: runner.pricer,
  });
  runner.onOpen(context);
  if (truncated) context.decide('metadata-truncated');
  return context;
}

/** The request of a new call. */
export function requestOf(
  options: GatewayOptions,
  input: CallInput,
  context: CallContext,
): GatewayRequest {
  const { method, path, body, stream } = input;
  const { operation, metadata: values } = context;
  const { forwardMetadata: forwarding } = options;
  const sent = forwarding ? forwardMetadata(body, operation, { ...forwarding, values }) : body;
  return { operation, method, path, body: sent, stream };
}

/** Ends a call with an error of its own once `totalMs` have passed since it was opened. */
export function setDeadline(context: CallContext, totalMs: number): void {
  context.setDeadline(
    totalMs,
    () =>
      new GatewayError(`the call took longer than ${totalMs} ms (timeouts.total)`, {
        code: 'zerohop_timeout',
      }),
  );
}
