// What is public, name by name. Adding one is a decision.
export { type BudgetKeyv, keyvBudgetStore } from './budgets/keyv-budget-store.js';
export { type MemoryBudgetStoreOptions, memoryBudgetStore } from './budgets/memory-budget-store.js';
export { overBudget } from './budgets/over-budget.js';
export { type BudgetRedis, redisBudgetStore } from './budgets/redis-budget-store.js';
export type { CacheOptions } from './cache/cache-options.js';
export type { CacheCounters } from './cache/shelf.js';
export type { WithGateway } from './client/client-options.js';
export {
  createGatewayClient,
  type GatewayClient,
  type GatewayClientOptions,
} from './client/openai.js';
export { perCall } from './client/per-call.js';
export { editJson } from './dialects/edit-json.js';
export { type EventMapper, mapEvents } from './dialects/map-events.js';
export { createGateway } from './gateway/create-gateway.js';
export type { ExplainedCache, ExplainRequest, Explanation } from './gateway/explain-types.js';
export type {
  CloseOptions,
  Gateway,
  GatewayCache,
  GatewayEvents,
} from './gateway/gateway.js';
export type { BreakerPolicy, GatewayOptions, SizeLimits } from './gateway/gateway-options.js';
export type { FileSinkOptions } from './logs/file-sink.js';
export type {
  FileLogOptions,
  LogContentOptions,
  LogOptions,
  LogSink,
  SinkLogOptions,
} from './logs/log.js';
export type { LoggedAttempt, LogRow } from './logs/log-row.js';
export { attemptsOf } from './pipeline/attempts-of.js';
export type {
  BudgetAddition,
  BudgetAmount,
  BudgetAnswer,
  BudgetCounters,
  BudgetEvent,
  BudgetKey,
  BudgetOptions,
  BudgetPeriod,
  BudgetSpending,
  BudgetState,
  BudgetStats,
  BudgetStore,
  BudgetTotal,
  BudgetUnit,
  CalendarPeriod,
  ExceededBudget,
  ExplainedBudget,
  GatewayBudgets,
  Weekday,
} from './pipeline/budget-types.js';
export type {
  CacheCallOptions,
  CacheFacts,
  CacheMode,
  CacheStatus,
  Duration,
} from './pipeline/cache-types.js';
export type { Clock } from './pipeline/clock.js';
export type {
  CallOptions,
  GatewayContext,
  GatewayRequest,
  Interceptor,
  Interruption,
  InterruptionAnswer,
  Logger,
  Metadata,
  Next,
  OnInterrupted,
  Register,
  Timeouts,
} from './pipeline/contract.js';
export { GatewayError, type GatewayErrorCode, isGatewayError } from './pipeline/errors.js';
export type { StreamEvent } from './pipeline/event-source.js';
export type { ForwardMetadataOptions } from './pipeline/forward-metadata.js';
export type {
  ExplainedLimit,
  HeldUpCounts,
  LimitedRequest,
  LimitName,
  LimitStats,
  OnLimit,
  RateLimitOptions,
  RequestRates,
} from './pipeline/limit-types.js';
export type { PricedUsage } from './pipeline/pricer.js';
export type {
  AttemptRecord,
  Cost,
  Decision,
  Failure,
  FailureKind,
  Operation,
  Outcome,
  ResponseFacts,
  SettledChoice,
  SettledTimings,
  SettledToolCall,
  Settlement,
  UnpricedReason,
  Usage,
  UsageIteration,
  UsageMissingReason,
} from './pipeline/settlement.js';
export { settlementOf } from './pipeline/settlement-of.js';
export type { PriceSource } from './pricing/price-source.js';
export type {
  ModelPrices,
  PriceFunction,
  PriceTier,
  PricingOptions,
  Rates,
} from './pricing/pricing-options.js';
export type { BreakerOptions, BreakerState } from './routing/breaker.js';
export type { LeaveReason } from './routing/leave-policy.js';
export type { OwnProvider, OwnProviders } from './routing/own-providers.js';
export {
  canary,
  fallback,
  hedge,
  loadBalance,
  mirror,
  primary,
  sticky,
  target,
  when,
} from './routing/route/combinators.js';
export type { ExplainedTarget } from './routing/route/explain-route.js';
export type {
  BalanceStrategy,
  Capabilities,
  FallbackOptions,
  HedgeOptions,
  PrimaryRef,
  Route,
  RouteCall,
  RouteNode,
  TargetOptions,
  TargetRef,
  TargetView,
} from './routing/route/route-types.js';
export type { GatewayTargets, TargetChange, TargetStatus } from './routing/route/target-book.js';
export { partialOf } from './routing/stream-errors.js';
export type { CallStats, GatewayStats, StatsEntry } from './stats/stats.js';
export type { StoreCounters } from './stores/cache-store.js';
export {
  SqliteStore,
  type SqliteStoreEntry,
  type SqliteStoreOptions,
} from './stores/sqlite-adapter.js';
export type {
  CapturedContent,
  ContentPart,
  InputMessage,
  OutputMessage,
  ToolDefinition,
} from './telemetry/content/captured-content.js';
export type {
  ContentCapture,
  CostAlias,
  TelemetryEvent,
  TelemetryOptions,
  TelemetryProfile,
} from './telemetry/telemetry-options.js';
