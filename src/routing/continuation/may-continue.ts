import type { DialectName } from '../../dialects/dialect.js';
import { isObject, type JsonObject, list } from '../../dialects/json.js';
import type { CallContext } from '../../pipeline/call-context.js';
import type { GatewayRequest } from '../../pipeline/contract.js';
import type { Failure, ResponseFacts } from '../../pipeline/settlement.js';
import { type LeaveReason, leaveReason } from '../leave-policy.js';
import type { SaidObstacle } from './splice.js';

/** How often one call is gone on with. */
const MAX_CONTINUATIONS = 2;

/** Why an answer that broke is not gone on with, in the decision `not-continued`. */
export type NotContinued =
  | SaidObstacle
  /** What broke it would break it again, or must not be passed by. */
  | LeaveReason
  /** A size limit of the gateway. */
  | 'limit'
  /** Nothing of its text had come. */
  | 'no_text'
  /** Its wire format cannot be gone on with. */
  | 'dialect'
  | 'background'
  /** Its body is no JSON object that could be sent again with more messages. */
  | 'one_shot'
  | 'max_attempts'
  | 'max_continuations'
  /** JSON was asked for, or a tool call. */
  | 'structured_output'
  /** The function said so, or failed. */
  | 'declined'
  /** Nobody went on with it. */
  | 'failed'
  /** Who was to go on began anew, and said something else. */
  | 'started_over';

/** The same would happen again, or it was to happen. */
const STAYS: ReadonlySet<LeaveReason> = new Set([
  'aborted',
  'deadline',
  'interceptor',
  'caller_error',
  'context_window',
  'content_policy',
  'other',
]);

/** A stream that broke. */
export interface Broken {
  readonly failure: Failure;
  readonly partial: ResponseFacts;
  /** Why what was said cannot be gone on with. */
  readonly said: SaidObstacle | undefined;
  /** How often the call was gone on with already. */
  readonly continuations: number;
}

/** A call, as far as it decides whether its answer may be gone on with. */
export interface ContinuedCall {
  readonly context: CallContext;
  readonly request: GatewayRequest;
  readonly dialect: DialectName;
  readonly maxAttempts: number;
}

/** Why nothing may be put behind what was said; `undefined` where something may. */
export function obstacleTo(broken: Broken, call: ContinuedCall): NotContinued | undefined {
  const { failure, partial, said, continuations } = broken;
  const { body } = call.request;
  if (failure.kind === 'limit' || failure.kind === 'over_limit') return 'limit';
  const reason = leaveReason(failure);
  if (STAYS.has(reason)) return reason;
  if (isObject(body) && body.background === true) return 'background';
  if (call.dialect !== 'openai-chat' && call.dialect !== 'anthropic-messages') return 'dialect';
  if (!isObject(body) || !Array.isArray(body.messages) || 'toJSON' in body) return 'one_shot';
  if (said !== undefined) return said;
  if (asksForSeveral(body)) return 'choices';
  if (asksForAudio(body)) return 'audio';
  if (partial.text === '') return 'no_text';
  if (continuations >= MAX_CONTINUATIONS) return 'max_continuations';
  return call.context.attempts.length >= call.maxAttempts ? 'max_attempts' : undefined;
}

function asksForSeveral({ n }: JsonObject): boolean {
  return typeof n === 'number' && n > 1;
}

function asksForAudio({ modalities }: JsonObject): boolean {
  return list(modalities).includes('audio');
}

/** Why our own request cannot go on with it, although one of the user's may. */
export function obstacleInRequest({ body }: GatewayRequest): NotContinued | undefined {
  if (!isObject(body)) return 'one_shot';
  return isStructured(body) ? 'structured_output' : undefined;
}

/** Parameters of servers for open models that bind the text to a grammar. */
const GRAMMARS = [
  'guided_json',
  'guided_regex',
  'guided_choice',
  'guided_grammar',
  'structured_outputs',
  'json_schema',
  'grammar',
];

/** Whether the text has to be of a certain form, in which two halves need not make a whole. */
function isStructured(body: JsonObject): boolean {
  const { response_format: format, output_config: config, output_format, tool_choice: tool } = body;
  if (isObject(format) && format.type !== 'text') return true;
  if (isObject(config) && isGiven(config.format)) return true;
  if (isGiven(output_format) || GRAMMARS.some((name) => isGiven(body[name]))) return true;
  return isForced(tool) || isForced(body.function_call);
}

/** Whether a tool has to be called: OpenAI's `required` and names, Anthropic's `any` and `tool`. */
function isForced(choice: unknown): boolean {
  if (!isObject(choice)) return choice === 'required';
  if (isObject(choice.allowed_tools)) return choice.allowed_tools.mode === 'required';
  return choice.type !== 'auto' && choice.type !== 'none';
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
