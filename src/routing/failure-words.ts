import type { Failure } from '../pipeline/settlement.js';

/**
 * How a kind of refusal is told: by a code or type, and, for the many providers that have none for it, by
 * how the message reads. Messages are at most 300 characters, so that no pattern can take long.
 */
interface Words {
  readonly codes: ReadonlySet<string>;
  readonly phrases: RegExp;
}

function words(codes: readonly string[], phrases: readonly string[]): Words {
  return { codes: new Set(codes), phrases: new RegExp(phrases.join('|'), 'i') };
}

function tell({ codes, phrases }: Words, { code, type, message }: Failure): boolean {
  if (code !== undefined && codes.has(code)) return true;
  if (type !== undefined && codes.has(type)) return true;
  return phrases.test(message);
}

const QUOTA = words(
  [
    'insufficient_quota',
    'exceeded_current_quota_error',
    'quota_exceeded',
    'billing_hard_limit_reached',
    'billing_not_active',
    'billing_error',
    'credit_balance_too_low',
    'payment_required',
  ],
  [
    'exceeded your current quota',
    'credit balance is too low',
    'insufficient (?:balance|credits|funds)',
    'used all available credits',
    '(?:spending|API usage|key) limits?\\b',
  ],
);

/** What is there again within minutes is not spent, whatever it is called. */
const SHORT_WINDOW = /\bper[ -](?:second|minute)|\b[rt]p[ms]\b/i;

const CONTEXT_WINDOW = words(
  [
    'context_length_exceeded',
    'exceed_context_size_error',
    'request_too_large',
    'payload_too_large',
    'tokens_limit_reached',
  ],
  [
    'maximum (?:context|prompt) length',
    '(?:prompt|input) is too long',
    'exceeds? (?:the )?(?:available )?context (?:window|size|length|limit)',
    'context (?:window|length) exceed(?:s|ed)\\b',
    '^request too large\\b',
    'reduce the length of the (?:messages|prompt|input)',
    '(?:longer|greater) than the (?:maximum )?(?:model.{0,3} )?(?:context|model) length',
    'input tokens? (?:count )?.{0,20}exceeds? the (?:maximum|configured limit)',
    'number of input tokens exceeds',
    'exceeded model token limit',
    'range of input length should be',
    'current length is \\d+ while limit is',
    'inputs` tokens \\+ `max_new_tokens` must be',
  ],
);

/** A string too long is only the context's matter where it is the input itself, not a `user` or a tool's name. */
const INPUT_PARAMETER = /'(?:messages|input|prompt|instructions)\b/;

const CONTENT_POLICY = words(
  [
    'content_filter',
    'contentFilter',
    'content_policy_violation',
    'ResponsibleAIPolicyViolation',
    'moderation_blocked',
    'data_inspection_failed',
  ],
  [
    'content (?:management|filter\\w*|moderation|policy)',
    'usage polic(?:y|ies)',
    '\\bsafety\\b',
    '(?:input|prompt|request|content) (?:was|were|has been) (?:flagged|blocked)',
    'content exists risk',
    'blocked by (?:a |the )?guardrail',
  ],
);

const MODEL_NOT_FOUND = words(
  [
    'model_not_found',
    'model_not_available',
    'model_decommissioned',
    'invalid_model',
    'unknown_model',
    'DeploymentNotFound',
  ],
  [
    '^(?:the )?(?:requested )?model\\b.{1,200}(?:does not exist|not found)',
    '^model \\S{1,200} is not supported',
    'model not exist',
    'not a valid model id',
    '^invalid model\\b',
    'model identifier is invalid',
    'supported API model names are',
    'access to the model',
    'not allowed to \\w+(?: \\w+)? from this model',
  ],
);

/** What a 404 speaks of where its path names a model and the model is not there. */
const NOT_FOUND_MODEL = /\bmodels?\b|\bdeployment\b|no endpoints found|^resource not found$/i;

const AUTH = words(
  ['invalid_api_key', 'authentication_error', 'authentication', 'permission_denied'],
  [
    '^incorrect API key',
    '(?:invalid|expired) API key',
    'API key not valid',
    'unable to authenticate',
  ],
);

const OVERLOADED = words(
  ['overloaded_error', 'overloaded', 'provider_overloaded', 'slow_down'],
  ['\\boverloaded\\b', 'over capacity'],
);

/** Money or an allowance is spent: waiting does not help, another key does. */
export function tellsQuota(failure: Failure): boolean {
  if (failure.status === 402) return true;
  // To Google every limit is a quota; the code says for how long it counts.
  if (failure.type === 'RESOURCE_EXHAUSTED') return /PerDay/.test(failure.code ?? '');
  const isShort = SHORT_WINDOW.test(failure.message);
  return tell(QUOTA, isShort ? { ...failure, message: '' } : failure);
}

export function tellsContextWindow(failure: Failure): boolean {
  if (failure.status === 429) return false;
  if (failure.code === 'string_above_max_length') return INPUT_PARAMETER.test(failure.message);
  return failure.status === 413 || tell(CONTEXT_WINDOW, failure);
}

/** The provider will not deal with this content. Of a 5xx, only a code says so. */
export function tellsContentPolicy(failure: Failure): boolean {
  const { status = 400 } = failure;
  if (status === 429 || status === 401) return false;
  return tell(CONTENT_POLICY, status < 500 ? failure : { ...failure, message: '' });
}

export function tellsModelNotFound(failure: Failure): boolean {
  const { status = 400, message } = failure;
  if (status === 404 || status === 410) {
    return NOT_FOUND_MODEL.test(message) || tell(MODEL_NOT_FOUND, failure);
  }
  return status < 500 && status !== 429 && tell(MODEL_NOT_FOUND, failure);
}

export function tellsAuth(failure: Failure): boolean {
  const { status = 400 } = failure;
  return status === 401 || status === 403 || (status < 500 && tell(AUTH, failure));
}

export function tellsOverloaded(failure: Failure): boolean {
  const { status = 500 } = failure;
  if (status === 503 || status === 529 || status === 498) return true;
  return (status >= 500 || status === 429) && tell(OVERLOADED, failure);
}

/** The one request is more than the target's rate limit ever allows: neither waiting nor retrying helps. */
export function tellsTooLarge(failure: Failure, headers: Headers | undefined): boolean {
  const { status, code, message } = failure;
  if (status !== 429 && code !== 'rate_limit_exceeded') return false;
  if (/^request too large\b/i.test(message)) return true;
  return headers?.get('x-should-retry') === 'false' && /\bwould exceed\b/i.test(message);
}
