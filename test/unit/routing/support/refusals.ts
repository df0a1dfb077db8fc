import type { LeaveReason } from '../../../../src/routing/leave-policy.js';

/** A refusal in one of the shapes providers use, and what it means to who looks for another target. */
export interface Refusal {
  readonly title: string;
  /** Of the response; 200 for an error in an answer's place. */
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly reason: LeaveReason;
}

const openai = (code: string | null, message: string, type = 'invalid_request_error') => ({
  error: { message, type, param: null, code },
});
const azure = (code: string, message: string) => ({ error: { code, message } });
const anthropic = (type: string, message: string) => ({ type: 'error', error: { type, message } });
const openrouter = (code: number, message: string) => ({ error: { code, message } });
const mistral = (code: string | null, type: string, message: string) => ({
  object: 'error',
  message,
  type,
  param: null,
  code,
});

const SPENT = 'You exceeded your current quota, please check your plan and billing details.';
const google = (...quotaIds: readonly string[]) => ({
  error: {
    code: 429,
    message: SPENT,
    status: 'RESOURCE_EXHAUSTED',
    details: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: quotaIds.map((quotaId) => ({ quotaId })),
      },
    ],
  },
});

const OPENAI: readonly Refusal[] = [
  {
    title: 'OpenAI, context by code',
    status: 400,
    body: openai('context_length_exceeded', 'This is 9 tokens too much.'),
    reason: 'context_window',
  },
  {
    title: 'OpenAI, context by message',
    status: 400,
    body: openai(null, "This model's maximum context length is 8192 tokens."),
    reason: 'context_window',
  },
  {
    title: 'OpenAI, an input string that is too long',
    status: 400,
    body: openai(
      'string_above_max_length',
      "Invalid 'messages[1].content': string too long. Expected a string with maximum length 1048576.",
    ),
    reason: 'context_window',
  },
  {
    title: 'OpenAI, another string that is too long',
    status: 400,
    body: openai(
      'string_above_max_length',
      "Invalid 'user': string too long. Expected a string with maximum length 64.",
    ),
    reason: 'caller_error',
  },
  {
    title: 'OpenAI, context in a failed response',
    status: 200,
    body: openai('context_length_exceeded', 'Your input exceeds the context window of this model.'),
    reason: 'context_window',
  },
  {
    title: 'OpenAI, a prompt that was flagged',
    status: 400,
    body: openai('invalid_prompt', 'Invalid prompt: your prompt was flagged as a violation.'),
    reason: 'content_policy',
  },
  {
    title: 'OpenAI, a prompt that is refused for safety reasons',
    status: 400,
    body: openai('invalid_prompt', 'Access to this content is limited for safety reasons.'),
    reason: 'content_policy',
  },
  {
    title: 'OpenAI, a prompt that is merely invalid',
    status: 400,
    body: openai('invalid_prompt', 'Invalid prompt: messages must not be empty.'),
    reason: 'caller_error',
  },
  {
    title: 'OpenAI, an image that breaks the content policy',
    status: 400,
    body: openai('content_policy_violation', 'Your request was rejected.'),
    reason: 'content_policy',
  },
  {
    title: 'OpenAI, a parameter with safety in its name',
    status: 400,
    body: openai('unknown_parameter', "Unknown parameter: 'safety_identifier'."),
    reason: 'caller_error',
  },
  {
    title: 'OpenAI, a parameter the model does not support',
    status: 400,
    body: openai('unsupported_parameter', "'stop' is not supported with this model."),
    reason: 'caller_error',
  },
  {
    title: 'OpenAI, no such model',
    status: 404,
    body: openai(
      'model_not_found',
      'The model `x` does not exist or you do not have access to it.',
    ),
    reason: 'model_not_found',
  },
  {
    title: 'OpenAI, no such model (Responses)',
    status: 400,
    body: openai('model_not_found', "The requested model 'x' does not exist."),
    reason: 'model_not_found',
  },
  {
    title: 'OpenAI, no such response',
    status: 404,
    body: openai(null, "Response with id 'resp_1' not found."),
    reason: 'caller_error',
  },
  {
    title: 'OpenAI, a bad key',
    status: 401,
    body: openai('invalid_api_key', 'Incorrect API key provided: sk-x.'),
    reason: 'auth',
  },
  {
    title: 'OpenAI, a region that is not served',
    status: 403,
    body: openai('unsupported_country_region_territory', 'Country, region not supported'),
    reason: 'auth',
  },
  {
    title: 'OpenAI, quota',
    status: 429,
    body: openai('insufficient_quota', 'You exceeded your current quota.', 'insufficient_quota'),
    reason: 'quota',
  },
  {
    title: 'OpenAI, too fast',
    status: 429,
    body: openai(
      'rate_limit_exceeded',
      'Rate limit reached for gpt-x on tokens per min.',
      'tokens',
    ),
    reason: 'rate_limited',
  },
  {
    title: 'OpenAI, one request above the limit',
    status: 429,
    body: openai('rate_limit_exceeded', 'Request too large for gpt-x on tokens per min.', 'tokens'),
    reason: 'too_large',
  },
  {
    title: 'OpenAI, a 429 that speaks of a long context',
    status: 429,
    body: openai('rate_limit_exceeded', 'Reduce the length of the messages.', 'tokens'),
    reason: 'rate_limited',
  },
  {
    title: 'OpenAI, slow down',
    status: 503,
    body: openai('slow_down', 'Slow down.', 'server_error'),
    reason: 'overloaded',
  },
  {
    title: 'OpenAI, an overloaded engine',
    status: 500,
    body: openai(null, 'That model is currently overloaded with other requests.', 'server_error'),
    reason: 'overloaded',
  },
  {
    title: 'OpenAI, a server error in a stream',
    status: 200,
    body: openai(null, 'The server had an error processing your request.', 'server_error'),
    reason: 'server_error',
  },
];

const AZURE: readonly Refusal[] = [
  {
    title: 'Azure, content filter',
    status: 400,
    body: {
      error: {
        code: 'content_filter',
        message: 'The response was filtered.',
        status: 400,
        innererror: { code: 'ResponsibleAIPolicyViolation' },
      },
    },
    reason: 'content_policy',
  },
  {
    title: "Azure, content filter by the inner error's code",
    status: 400,
    body: azure('ResponsibleAIPolicyViolation', 'Refused.'),
    reason: 'content_policy',
  },
  {
    title: "Azure, content filter by the inner error's code alone",
    status: 400,
    body: {
      error: {
        code: null,
        message: 'Refused.',
        innererror: { code: 'ResponsibleAIPolicyViolation' },
      },
    },
    reason: 'content_policy',
  },
  {
    title: 'Azure, content filter by message',
    status: 400,
    body: azure('BadRequest', "The prompt triggered Azure OpenAI's content management policy."),
    reason: 'content_policy',
  },
  {
    title: 'Azure, no such deployment',
    status: 404,
    body: azure('DeploymentNotFound', 'The API deployment for this resource does not exist.'),
    reason: 'model_not_found',
  },
  {
    title: 'Azure, no such path',
    status: 404,
    body: azure('404', 'Resource not found'),
    reason: 'model_not_found',
  },
  {
    title: 'Azure, a bad key',
    status: 401,
    body: azure('401', 'Access denied due to invalid subscription key or wrong API endpoint.'),
    reason: 'auth',
  },
  {
    title: 'Azure, too fast',
    status: 429,
    body: azure('429', 'Requests have exceeded the token rate limit. Retry after 6 seconds.'),
    reason: 'rate_limited',
  },
  {
    title: 'Azure, an overloaded engine',
    status: 429,
    body: azure('429', 'The engine is currently overloaded, please try again later.'),
    reason: 'overloaded',
  },
  {
    title: 'Azure, a body for a smaller model',
    status: 413,
    body: azure('tokens_limit_reached', 'Request body too large for gpt-x model.'),
    reason: 'context_window',
  },
];

const ANTHROPIC: readonly Refusal[] = [
  {
    title: 'Anthropic, a prompt that is too long',
    status: 400,
    body: anthropic('invalid_request_error', 'prompt is too long: 9 tokens > 8 maximum'),
    reason: 'context_window',
  },
  {
    title: 'Anthropic, prompt and answer too long together',
    status: 400,
    body: anthropic(
      'invalid_request_error',
      'input length and `max_tokens` exceed context limit: 198000 + 8192 > 200000',
    ),
    reason: 'context_window',
  },
  {
    title: 'Anthropic, too many bytes',
    status: 413,
    body: anthropic('request_too_large', 'Request exceeds the maximum size'),
    reason: 'context_window',
  },
  {
    title: 'Anthropic, content',
    status: 400,
    body: anthropic('invalid_request_error', 'Output blocked by content filtering policy'),
    reason: 'content_policy',
  },
  {
    title: 'Anthropic, no such model',
    status: 404,
    body: anthropic('not_found_error', 'model: claude-x'),
    reason: 'model_not_found',
  },
  {
    title: 'Anthropic, something else is not there',
    status: 404,
    body: anthropic('not_found_error', 'File not found: file_1'),
    reason: 'caller_error',
  },
  {
    title: 'Anthropic, a bad key',
    status: 401,
    body: anthropic('authentication_error', 'invalid x-api-key'),
    reason: 'auth',
  },
  {
    title: 'Anthropic, a key that may not',
    status: 403,
    body: anthropic('permission_error', 'Your API key does not have permission.'),
    reason: 'auth',
  },
  {
    title: 'Anthropic, no credit',
    status: 400,
    body: anthropic('invalid_request_error', 'Your credit balance is too low to access the API.'),
    reason: 'quota',
  },
  {
    title: 'Anthropic, the spend limit of the workspace',
    status: 400,
    body: anthropic('invalid_request_error', 'You have reached your specified API usage limits.'),
    reason: 'quota',
  },
  {
    title: 'Anthropic, billing',
    status: 402,
    body: anthropic('billing_error', 'Check your payment method.'),
    reason: 'quota',
  },
  {
    title: 'Anthropic, too fast',
    status: 429,
    body: anthropic('rate_limit_error', 'This request would exceed your rate limit.'),
    headers: { 'retry-after': '7', 'x-should-retry': 'true' },
    reason: 'rate_limited',
  },
  {
    title: 'Anthropic, one request above the limit',
    status: 429,
    body: anthropic('rate_limit_error', 'This request would exceed your rate limit.'),
    headers: { 'x-should-retry': 'false' },
    reason: 'too_large',
  },
  {
    title: 'Anthropic, overloaded',
    status: 529,
    body: anthropic('overloaded_error', 'Overloaded'),
    reason: 'overloaded',
  },
  {
    title: 'Anthropic, overloaded in a stream',
    status: 200,
    body: anthropic('overloaded_error', 'Overloaded'),
    reason: 'overloaded',
  },
  {
    title: 'Anthropic, broken',
    status: 500,
    body: anthropic('api_error', 'Internal server error'),
    reason: 'server_error',
  },
  {
    title: 'Anthropic, too slow',
    status: 504,
    body: anthropic('timeout_error', 'Request timed out'),
    reason: 'timeout',
  },
];

const BEDROCK: readonly Refusal[] = [
  {
    title: 'Bedrock, an input that is too long',
    status: 400,
    body: { message: 'Input is too long for requested model.' },
    reason: 'context_window',
  },
  {
    title: 'Bedrock, no such model',
    status: 400,
    body: { message: 'The provided model identifier is invalid.' },
    reason: 'model_not_found',
  },
  {
    title: 'Bedrock, a model the account has no access to',
    status: 403,
    body: { message: "You don't have access to the model with the specified model ID." },
    reason: 'model_not_found',
  },
  {
    title: 'Bedrock, bad credentials',
    status: 403,
    body: { message: 'The security token included in the request is invalid.' },
    reason: 'auth',
  },
  {
    title: 'Bedrock, too fast',
    status: 429,
    body: { message: 'Too many requests, please wait before trying again.' },
    reason: 'rate_limited',
  },
  {
    title: 'Bedrock, no capacity',
    status: 503,
    body: { message: 'Bedrock is unable to process your request.' },
    reason: 'overloaded',
  },
  {
    title: 'Bedrock, a conflict',
    status: 409,
    body: { message: 'The resource is busy.' },
    reason: 'server_error',
  },
  {
    title: 'Bedrock, a model that took too long',
    status: 408,
    body: { message: 'Model has timed out in processing the request.' },
    reason: 'timeout',
  },
  {
    title: 'Bedrock, a parameter',
    status: 400,
    body: { message: 'The maximum tokens you requested exceeds the model limit of 32768.' },
    reason: 'caller_error',
  },
];

const GROQ: readonly Refusal[] = [
  {
    title: 'Groq, context',
    status: 400,
    body: openai(null, 'Please reduce the length of the messages or completion.'),
    reason: 'context_window',
  },
  {
    title: 'Groq, one request above the limit',
    status: 413,
    body: openai(
      'rate_limit_exceeded',
      'Request too large for model `x` on TPM: Limit 6.',
      'tokens',
    ),
    reason: 'too_large',
  },
  {
    title: 'Groq, a body that is too large',
    status: 413,
    body: openai('request_too_large', 'Request Entity Too Large'),
    reason: 'context_window',
  },
  {
    title: 'Groq, a model that was taken away',
    status: 400,
    body: openai('model_decommissioned', 'The model `x` has been decommissioned.'),
    reason: 'model_not_found',
  },
  {
    title: 'Groq, flex capacity',
    status: 498,
    body: openai('capacity_exceeded', 'Flex tier capacity exceeded.'),
    reason: 'overloaded',
  },
  {
    title: 'Groq, a tool call that failed in a stream',
    status: 200,
    body: { error: { message: 'Tool call validation failed', code: 'tool_use_failed' } },
    reason: 'caller_error',
  },
];

const OPENROUTER: readonly Refusal[] = [
  {
    title: 'OpenRouter, context',
    status: 400,
    body: openrouter(400, "This endpoint's maximum context length is 8192 tokens."),
    reason: 'context_window',
  },
  {
    title: 'OpenRouter, credits',
    status: 402,
    body: openrouter(402, 'This request requires more credits, or fewer max_tokens.'),
    reason: 'quota',
  },
  {
    title: 'OpenRouter, the limit of a key',
    status: 403,
    body: openrouter(403, 'Key limit exceeded (total limit).'),
    reason: 'quota',
  },
  {
    title: 'OpenRouter, moderation',
    status: 403,
    body: openrouter(403, 'x requires moderation on OpenAI. Your input was flagged for "hate".'),
    reason: 'content_policy',
  },
  {
    title: 'OpenRouter, no such model',
    status: 400,
    body: openrouter(400, 'x/y is not a valid model ID'),
    reason: 'model_not_found',
  },
  {
    title: 'OpenRouter, nobody serves the model',
    status: 404,
    body: openrouter(404, 'No endpoints found for x/y.'),
    reason: 'model_not_found',
  },
  {
    title: 'OpenRouter, a provider that is down, in a 200',
    status: 200,
    body: openrouter(502, 'Provider returned error'),
    reason: 'server_error',
  },
  {
    title: 'OpenRouter, a provider that is overloaded, in a 200',
    status: 200,
    body: openrouter(503, 'Provider returned error'),
    reason: 'overloaded',
  },
  {
    title: "OpenRouter, context by the provider's code",
    status: 400,
    body: {
      error: {
        code: 400,
        message: 'Provider returned error',
        metadata: { raw: '{"error":{"code":"context_length_exceeded"}}' },
      },
    },
    reason: 'context_window',
  },
  {
    title: 'OpenRouter, overloaded by its own type',
    status: 502,
    body: {
      error: {
        code: 502,
        message: 'Provider returned error',
        metadata: { error_type: 'provider_overloaded' },
      },
    },
    reason: 'overloaded',
  },
  {
    title: 'OpenRouter, too slow',
    status: 408,
    body: openrouter(408, 'Request timed out'),
    reason: 'timeout',
  },
];

const MISTRAL: readonly Refusal[] = [
  {
    title: 'Mistral, context',
    status: 400,
    body: mistral(
      '3051',
      'invalid_request_prompt',
      'Prompt contains 9 tokens, too large for model with 8 maximum context length',
    ),
    reason: 'context_window',
  },
  {
    title: 'Mistral, no such model',
    status: 400,
    body: mistral('1500', 'invalid_model', 'Invalid model: x'),
    reason: 'model_not_found',
  },
  {
    title: 'Mistral, a bad key',
    status: 401,
    body: { detail: 'Unauthorized' },
    reason: 'auth',
  },
  {
    title: 'Mistral, too fast',
    status: 429,
    body: mistral('3505', 'service_tier_capacity_exceeded', 'Service tier capacity exceeded.'),
    reason: 'rate_limited',
  },
  {
    title: 'Mistral, a request of the wrong shape',
    status: 422,
    body: { detail: [{ type: 'missing', loc: ['body', 'tools', 0], msg: 'Field required' }] },
    reason: 'caller_error',
  },
];

const OTHERS: readonly Refusal[] = [
  {
    title: 'Gemini, context',
    status: 400,
    body: azure(
      '400',
      'The input token count (9) exceeds the maximum number of tokens allowed (8).',
    ),
    reason: 'context_window',
  },
  {
    title: 'Gemini, a bad key',
    status: 400,
    body: azure('400', 'API key not valid. Please pass a valid API key.'),
    reason: 'auth',
  },
  {
    title: 'Gemini, too fast, in the words of a spent quota',
    status: 429,
    body: google('GenerateRequestsPerMinutePerProjectPerModel-FreeTier'),
    reason: 'rate_limited',
  },
  {
    title: 'Gemini, the quota of the day',
    status: 429,
    body: google(
      'GenerateRequestsPerMinutePerProjectPerModel-FreeTier',
      'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
    ),
    reason: 'quota',
  },
  {
    title: 'Gemini, a quota that is not named',
    status: 429,
    body: [{ error: { code: 429, message: SPENT, status: 'RESOURCE_EXHAUSTED' } }],
    reason: 'rate_limited',
  },
  {
    title: 'somebody who is too fast for a key',
    status: 429,
    body: { error: 'You have reached your API key limit of 60 requests per minute.' },
    reason: 'rate_limited',
  },
  {
    title: 'xAI, context',
    status: 400,
    body: {
      code: 'invalid',
      error: "This model's maximum prompt length is 8 but it has 9 tokens.",
    },
    reason: 'context_window',
  },
  {
    title: 'xAI, a bad key',
    status: 400,
    body: { code: 'invalid', error: 'Incorrect API key provided: x.' },
    reason: 'auth',
  },
  {
    title: 'xAI, credits',
    status: 403,
    body: { error: 'Your team has used all available credits or reached its spending limit.' },
    reason: 'quota',
  },
  {
    title: 'DeepSeek, credits',
    status: 402,
    body: openai('invalid_request_error', 'Insufficient Balance', 'unknown_error'),
    reason: 'quota',
  },
  {
    title: 'DeepSeek, content',
    status: 400,
    body: openai('invalid_request_error', 'Content Exists Risk'),
    reason: 'content_policy',
  },
  {
    title: 'llama.cpp, context',
    status: 400,
    body: {
      error: { code: 400, type: 'exceed_context_size_error', message: 'the request is too big' },
    },
    reason: 'context_window',
  },
  {
    title: 'vLLM, context',
    status: 400,
    body: mistral(
      '400',
      'BadRequestError',
      'The prompt is longer than the maximum model length of 8',
    ),
    reason: 'context_window',
  },
  {
    title: 'LM Studio, context',
    status: 400,
    body: { error: 'The number of tokens is greater than the context length' },
    reason: 'context_window',
  },
  {
    title: 'a proxy that answers 500 to a prompt that is too long',
    status: 500,
    body: { error: 'Prompt is too long (9 tokens > 8 maximum)' },
    reason: 'context_window',
  },
  {
    title: 'a firewall',
    status: 403,
    body: '<!DOCTYPE html><html><body>Blocked</body></html>',
    reason: 'auth',
  },
  {
    title: 'a proxy that takes no body of this size',
    status: 413,
    body: '<html><body>413 Payload Too Large</body></html>',
    reason: 'context_window',
  },
  {
    title: 'a server that takes no body of this size, in the words of a rate limit',
    status: 413,
    body: { message: 'Request too large' },
    reason: 'context_window',
  },
  {
    title: 'a page that is not there',
    status: 404,
    body: '<html><body>Not found</body></html>',
    reason: 'caller_error',
  },
  {
    title: 'a server error that speaks of safety',
    status: 500,
    body: { error: 'the safety service did not answer' },
    reason: 'server_error',
  },
  {
    title: 'a bad gateway',
    status: 502,
    body: '<html><body>Bad gateway</body></html>',
    reason: 'server_error',
  },
  { title: 'Cloudflare, a timeout', status: 524, body: 'error code: 524', reason: 'timeout' },
  { title: 'too early', status: 425, body: undefined, reason: 'server_error' },
  { title: 'a 400 of the caller', status: 400, body: undefined, reason: 'caller_error' },
  {
    title: 'a 400 that the server wants repeated',
    status: 400,
    body: undefined,
    headers: { 'x-should-retry': 'true' },
    reason: 'server_error',
  },
  {
    title: 'a 500 that the server does not want repeated',
    status: 500,
    body: undefined,
    headers: { 'x-should-retry': 'false' },
    reason: 'server_error',
  },
  {
    title: 'an error in an answer that says nothing more',
    status: 200,
    body: { error: { message: 'something broke' } },
    reason: 'server_error',
  },
];

/** Refusals of our own making, in the shapes of the providers. */
export const refusals: readonly Refusal[] = [
  ...OPENAI,
  ...AZURE,
  ...ANTHROPIC,
  ...BEDROCK,
  ...GROQ,
  ...OPENROUTER,
  ...MISTRAL,
  ...OTHERS,
];
