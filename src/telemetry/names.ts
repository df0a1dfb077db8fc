/** Names of the gateway's own, beside those of the conventions in `semconv.ts`. */
export const ZEROHOP = {
  callId: 'zerohop.call.id',
  operation: 'zerohop.operation',
  outcome: 'zerohop.outcome',
  streamOutcome: 'zerohop.stream.outcome',
  attempts: 'zerohop.attempts',
  target: 'zerohop.target',
  provider: 'zerohop.provider.name',
  route: 'zerohop.route',
  metadata: 'zerohop.metadata.',
  metadataTruncated: 'zerohop.metadata.truncated',
  costInput: 'zerohop.cost.input',
  costOutput: 'zerohop.cost.output',
  costCacheRead: 'zerohop.cost.cache_read',
  costCacheWrite: 'zerohop.cost.cache_write',
  costRequests: 'zerohop.cost.requests',
  costApproximate: 'zerohop.cost.approximate',
  unpricedReason: 'zerohop.cost.unpriced_reason',
  usageInvalid: 'zerohop.usage.invalid',
  usageMissing: 'zerohop.usage.missing_reason',
  retryWait: 'zerohop.retry.wait',
  limitName: 'zerohop.limit.name',
  limitOutcome: 'zerohop.limit.outcome',
  limitWait: 'zerohop.limit.wait',
  cacheStatus: 'zerohop.cache.status',
  cacheReason: 'zerohop.cache.bypass_reason',
  cacheKey: 'zerohop.cache.key',
  cacheAge: 'zerohop.cache.age',
  cacheTtl: 'zerohop.cache.ttl',
  savedInputTokens: 'zerohop.cache.saved.input_tokens',
  savedOutputTokens: 'zerohop.cache.saved.output_tokens',
  savedCost: 'zerohop.cache.saved.cost',
} as const;

/** The price of a call: no convention is merged, so these are the names of the open proposal. */
export const COST = {
  amount: 'gen_ai.usage.cost.amount',
  currency: 'gen_ai.usage.cost.currency',
  source: 'gen_ai.usage.cost.source',
} as const;

/** What backends call the total, if they have a name of their own for it. */
export const COST_ALIASES = {
  langfuse: 'gen_ai.usage.cost',
  openinference: 'llm.cost.total',
  litellm: 'gen_ai.cost.total_cost',
} as const;

/** Of the HTTP conventions. */
export const RESEND_COUNT = 'http.request.resend_count';

/** Events of the gateway's own. */
export const OWN_EVENTS = {
  retry: 'zerohop.retry',
  decision: 'zerohop.decision',
} as const;
