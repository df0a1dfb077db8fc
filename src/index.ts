// What is public, name by name. Adding one is a decision.
export { createGatewayClient, type GatewayClient, type GatewayClientOptions } from './client/openai.js';
export { perCall } from './client/per-call.js';
export { editJson } from './dialects/edit-json.js';
export { mapEvents, type EventMapper } from './dialects/map-events.js';
export { type CloseOptions, createGateway, type Gateway, type GatewayEvents } from './gateway/create-gateway.js';
export type { GatewayOptions, SizeLimits } from './gateway/gateway-options.js';
export type { FileSinkOptions } from './logs/file-sink.js';
export type { FileLogOptions, LogContentOptions, LogOptions, LogSink, SinkLogOptions } from './logs/log.js';
export type { LoggedAttempt, LogRow } from './logs/log-row.js';
export { attemptsOf } from './pipeline/attempts-of.js';
export type { Clock } from './pipeline/clock.js';
export type {
  CallOptions,
  GatewayContext,
  GatewayRequest,
  Interceptor,
  Logger,
  Metadata,
  Next,
  Register,
  Timeouts,
} from './pipeline/contract.js';
export type { ForwardMetadataOptions } from './pipeline/forward-metadata.js';
export { GatewayError, type GatewayErrorCode, isGatewayError } from './pipeline/errors.js';
export type { StreamEvent } from './pipeline/event-source.js';
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
  Usage,
  UsageIteration,
  UnpricedReason,
  UsageMissingReason,
} from './pipeline/settlement.js';
export { settlementOf } from './pipeline/settlement-of.js';
export { partialOf } from './routing/stream-errors.js';
export type { GatewayStats, StatsEntry } from './stats/stats.js';
