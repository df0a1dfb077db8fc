export type { FakeProviderOptions } from './engine.js';
export { type FakeProvider, startFakeProvider } from './fake-provider.js';
export type {
  CutFault,
  ErrorEventFault,
  Fault,
  FaultPoint,
  GzipFault,
  HtmlFault,
  MalformedFault,
  NoTerminalFault,
  PaceFault,
  RedirectFault,
  ShortBodyFault,
  StatusFault,
} from './faults/fault.js';
export { faultNames, parseFaults } from './faults/parse-fault.js';
export { createInMemoryFetch, type InMemoryFetch } from './in-memory-fetch.js';
export type { RecordedRequest, RequestOutcome } from './recorded-request.js';
export type {
  FakeErrorBody,
  FakeEvent,
  FakeToolCall,
  FakeUsage,
  Pacing,
  Replier,
  Reply,
} from './reply.js';
export type { EnqueueOptions } from './reply-queue.js';
export type { StrictOptions } from './strict/strict-options.js';
export type { FormPart } from './wire/multipart.js';
export { type WireStep, wire } from './wire/wire-step.js';
