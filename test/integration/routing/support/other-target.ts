import { recogniseOperation } from '../../../../src/dialects/recognise.js';
import { CallContext } from '../../../../src/pipeline/call-context.js';
import type { CallInput, CallPort } from '../../../../src/pipeline/call-port.js';
import { systemClock } from '../../../../src/pipeline/clock.js';
import type { GatewayRequest } from '../../../../src/pipeline/contract.js';
import type { Exchange } from '../../../../src/pipeline/exchange.js';
import type { ClientSource } from '../../../../src/sdk/client-source.js';
import type { CloneOptions } from '../../../../src/sdk/clone-client.js';
import {
  type AskingCall,
  type ForeignSpec,
  type OpenedForeign,
  openForeign,
} from '../../../../src/sdk/open-foreign.js';
import { wrapClient } from '../../../../src/sdk/wrap-client.js';
import { createTransport, type Fetch } from '../../../../src/transport/transport.js';

/** How clients are cloned in these tests: as a gateway does it. */
export const cloning: CloneOptions = {
  transport: (userFetch) => createTransport({ fetch: userFetch as Fetch | undefined }),
  note: () => undefined,
  mutesSpans: true,
};

/** What a call of these tests goes through. */
export interface OtherTarget extends Omit<ForeignSpec<AskingCall>, 'source' | 'name'> {
  readonly source: ClientSource<AskingCall>;
  /** Attempts after the first, each after a failure. @defaultValue 0 */
  readonly retries?: number;
  /** Laid over the request, as an interceptor of the call ring does it. */
  readonly change?: Partial<GatewayRequest>;
}

/**
 * A client of the same class whose every call goes to another target than its own, without retry policy,
 * cache or telemetry. `opened` are the targets that its calls were given.
 */
export function connectTo<Client extends object>(
  client: Client,
  { retries = 0, change, ...spec }: OtherTarget,
): { readonly client: Client; readonly opened: readonly OpenedForeign[] } {
  const opened: OpenedForeign[] = [];
  const port: CallPort = {
    isBypassed: false,
    open(input) {
      const { context, request } = openCall(input);
      const asked = { ...request, ...change };
      const answer = async () => {
        const own = { name: 'other', ...spec };
        const { method, path, body } = input;
        const from = recogniseOperation(method, path, body).dialect ?? 'openai-chat';
        const by = { caller: input.target, from };
        const other = await openForeign(own, { request: asked, context }, by);
        opened.push(other);
        return sendRepeatedly(other, context, retries);
      };
      return { context, response: answer() };
    },
  };
  return { client: wrapClient(client, { ...cloning, port, gateway: {} }), opened };
}

function openCall(input: CallInput): { context: CallContext; request: GatewayRequest } {
  const { method, path, body, stream, callerSignal } = input;
  const { operation } = recogniseOperation(method, path, body);
  const context = new CallContext({
    id: 'zh_test',
    operation,
    requestModel: undefined,
    stream,
    metadata: {},
    logger: {},
    clock: systemClock,
    callerSignal,
    onSettled: () => undefined,
  });
  return { context, request: { operation, method, path, body, stream } };
}

async function sendRepeatedly(
  { target, request }: OpenedForeign,
  { signal }: CallContext,
  retries: number,
): Promise<Response> {
  for (let retryCount = 0; ; retryCount += 1) {
    const exchange: Exchange = {
      clock: systemClock,
      signal,
      stream: request.stream,
      binary: target.wantsRawBody,
      maxBodyBytes: 1_000_000,
      bytesReceived: 0,
    };
    try {
      return await target.send(request, { retryCount, signal, exchange });
    } catch (error) {
      if (retryCount >= retries || !target.isReplayable()) throw error;
    }
  }
}
