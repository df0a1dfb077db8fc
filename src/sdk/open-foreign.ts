import type { DialectName } from '../dialects/dialect.js';
import type { TranslatedDialect } from '../dialects/translation/canonical-request.js';
import {
  type AnswerTranslation,
  dialectFor,
  isTranslated,
} from '../dialects/translation/translate-request.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { Target } from '../pipeline/target.js';
import { unlessAborted } from '../pipeline/unless-aborted.js';
import type { ClientSource } from './client-source.js';
import { dialectsOf, type ForeignClient, operationOf, pathOf } from './foreign-client.js';
import { ForeignTarget } from './foreign-target.js';
import {
  applyChange,
  noTarget,
  type OnUnsupported,
  type RequestChange,
  refusedParameter,
  type ShapedRequest,
  shapeRequest,
  without,
  withStream,
} from './shape-request.js';
import { translated } from './translated-request.js';

/** What a target needs to know of a call. */
export interface AskingCall {
  readonly request: GatewayRequest;
  readonly context: { readonly signal: AbortSignal };
}

/** A target other than the caller's own client, over all calls. */
export interface ForeignSpec<Call extends AskingCall> {
  readonly name: string;
  readonly source: ClientSource<Call>;
  /** Asked for instead of the caller's. */
  readonly model?: string | undefined;
  readonly request?: RequestChange<Call> | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly maxRetries?: number | undefined;
  /** Parameters that it does not take. */
  readonly unsupported?: readonly string[] | undefined;
  /** @defaultValue 'drop' */
  readonly onUnsupported?: OnUnsupported | undefined;
  /** The wire format it is asked in. @defaultValue the caller's, where it speaks that */
  readonly dialect?: TranslatedDialect | undefined;
  /** For dialects that require a bound of the answer. @defaultValue 4096 */
  readonly maxTokens?: number | undefined;
  /** Whether it takes a JSON schema for its answer. */
  readonly structuredOutput?: boolean | undefined;
}

/** Such a target, opened for one call. */
export interface OpenedForeign extends ShapedRequest {
  readonly target: Target;
  /** How its answer is to be read, where it speaks another dialect than the caller. */
  readonly translation?: AnswerTranslation | undefined;
}

/**
 * Opens a target for one call: has its client, and makes the request it is to be asked, in its own dialect where it
 * does not speak the caller's. Ends with the call's signal, however long the user's function takes.
 *
 * @param from the caller's dialect
 * @returns at once where its client is there
 * @throws {@link GatewayError} `zerohop_client`, `zerohop_config` where there is no client or no key;
 * `zerohop_no_target` where it cannot be asked this; `zerohop_interceptor` where the user's function fails
 */
export function openForeign<Call extends AskingCall>(
  spec: ForeignSpec<Call>,
  call: Call,
  by: { readonly caller: Target; readonly from: DialectName },
): OpenedForeign | Promise<OpenedForeign> {
  const { caller, from } = by;
  const { source } = spec;
  const expected = source.dialects && dialectFor(from, source.dialects, spec.dialect);
  const operation = operationOf(expected ?? from);
  const opening = source.open({ call, operation, caller });
  const opened = (foreign: ForeignClient) =>
    openWith({ spec, call, caller, foreign }, from, expected);
  return opening instanceof Promise
    ? unlessAborted(opening, call.context.signal).then(opened)
    : opened(opening);
}

function openWith<Call extends AskingCall>(
  passage: Passage<Call>,
  from: DialectName,
  expected: DialectName | undefined,
): OpenedForeign {
  const { spec, foreign } = passage;
  const to = expected ?? dialectFor(from, dialectsOf(foreign.family), spec.dialect);
  if (to === undefined) throw noTarget(`a call of ${from} cannot be translated for it`);
  return to === from || !isTranslated(to)
    ? openAsItIs(passage)
    : openTranslated(passage, { from, to });
}

interface Passage<Call extends AskingCall> {
  readonly spec: ForeignSpec<Call>;
  readonly call: Call;
  readonly caller: Target;
  readonly foreign: ForeignClient;
}

function openAsItIs<Call extends AskingCall>({
  spec,
  call,
  caller,
  foreign,
}: Passage<Call>): OpenedForeign {
  const { name, model, headers, maxRetries, request: change } = spec;
  const { unsupported, onUnsupported = 'drop' } = spec;
  const { request } = call;
  // Throws where its client cannot be asked for this.
  pathOf(request.operation, foreign.family);
  const passage = { from: caller, to: foreign.place, unsupported };
  const refused = refusedParameter(request, passage, onUnsupported);
  if (refused !== undefined) throw noTarget(`it does not take ${refused}`);
  const shaped = shapeRequest(request, { ...passage, call, model, change });
  return {
    request: shaped.request,
    removed: shaped.removed,
    translation: undefined,
    target: new ForeignTarget(foreign, { name, caller, headers, maxRetries }),
  };
}

function openTranslated<Call extends AskingCall>(
  { spec, call, caller, foreign }: Passage<Call>,
  { from, to }: { readonly from: DialectName; readonly to: TranslatedDialect },
): OpenedForeign {
  const { name, model, headers, maxRetries, maxTokens, structuredOutput } = spec;
  const { unsupported = [], onUnsupported = 'drop', request: change } = spec;
  const { request } = call;
  const owner = foreign.place;
  const outcome = translated(request, {
    ...{ from, to, owner, model, maxTokens, structuredOutput, onUnsupported },
  });
  if (outcome === undefined) throw noTarget('the body is no JSON object');
  const [refused] = outcome.refused;
  if (refused !== undefined) throw noTarget(`it cannot be told ${refused} in ${to}`);
  const { body, dropped } = without(outcome.body, unsupported);
  const changed = change === undefined ? body : applyChange(body, change, call);
  const operation = operationOf(to);
  return {
    request: {
      ...request,
      operation,
      path: pathOf(operation, foreign.family),
      body: withStream(changed, body),
      headers: undefined,
    },
    removed: [...outcome.removed, ...dropped],
    translation: outcome.answer,
    target: new ForeignTarget(foreign, { name, caller, headers, maxRetries, callerSpeaks: from }),
  };
}
