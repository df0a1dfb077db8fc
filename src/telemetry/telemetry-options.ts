import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { GatewayError } from '../pipeline/errors.js';
import type { CapturedContent } from './content/captured-content.js';

/** Which names metrics go by; see {@link TelemetryOptions.profile}. */
export type TelemetryProfile = 'v1.41' | 'latest' | 'both';

/** Where captured content goes; see {@link TelemetryOptions.captureContent}. */
export type ContentCapture = 'none' | 'span' | 'event' | 'both';

/** A name that some backend reads a span's cost from; see {@link TelemetryOptions.costAliases}. */
export type CostAlias = 'langfuse' | 'openinference' | 'litellm';

/** An event of the GenAI conventions, for a log pipeline. */
export interface TelemetryEvent {
  readonly name: string;
  readonly severity: 'INFO' | 'WARN';
  /** Wall clock, in ms since the epoch. */
  readonly timestamp: number;
  readonly traceId: string;
  readonly spanId: string;
  /** Content is structured here, not JSON text. */
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** What telemetry emits, and where to. */
export interface TelemetryOptions {
  /**
   * Which conventions metrics follow: `'v1.41'`, the last release that dashboards read today, `'latest'`,
   * their successor, or `'both'` while moving. Spans carry the latest names in all of them; only `'latest'`
   * drops `gen_ai.usage.cache_creation.input_tokens`. @defaultValue 'v1.41'
   */
  readonly profile?: TelemetryProfile | undefined;
  /**
   * Where prompts, answers and tool definitions are put: on the span, on the event, both, or nowhere.
   * @defaultValue the environment's `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`
   * (`NO_CONTENT`, `SPAN_ONLY`, `EVENT_ONLY`, `SPAN_AND_EVENT`), else `'none'`
   */
  readonly captureContent?: ContentCapture | undefined;
  /** Changes content before it leaves; `undefined` drops it. Where it throws, no content leaves. */
  readonly redact?: ((content: CapturedContent) => CapturedContent | undefined) | undefined;
  /** Most bytes of JSON of each of the four content attributes; long texts in it are shortened first. @defaultValue 65536 */
  readonly maxContentBytes?: number | undefined;
  /** More names for a span's cost, for backends that read theirs. @defaultValue none */
  readonly costAliases?: readonly CostAlias[] | undefined;
  /** Metadata keys that become attributes of metrics. Each is held to 50 values; what comes later is `_other`. @defaultValue none */
  readonly metricMetadata?: readonly string[] | undefined;
  /** Whether requests carry `traceparent` and `tracestate` to the provider. @defaultValue false */
  readonly propagate?: boolean | undefined;
  /**
   * Takes the events of the conventions, such as a bridge to the logs API, which `@opentelemetry/api` 1.9
   * does not have. @defaultValue they become events of the span
   */
  readonly onEvent?: ((event: TelemetryEvent) => void) | undefined;
  /** @defaultValue the global one, whenever it is registered */
  readonly tracerProvider?: TracerProvider | undefined;
  /** @defaultValue the global one, whenever it is registered */
  readonly meterProvider?: MeterProvider | undefined;
}

/** The options with their defaults. */
export interface TelemetrySettings {
  readonly profile: TelemetryProfile;
  readonly captureContent: ContentCapture;
  readonly redact: TelemetryOptions['redact'];
  readonly maxContentBytes: number;
  readonly costAliases: readonly CostAlias[];
  readonly metricMetadata: readonly string[];
  readonly propagate: boolean;
  readonly onEvent: TelemetryOptions['onEvent'];
}

const DEFAULT_MAX_CONTENT_BYTES = 64 * 1024;
const CAPTURE_VARIABLE = 'OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT';
const CAPTURE_BY_VALUE: Readonly<Record<string, ContentCapture>> = {
  NO_CONTENT: 'none',
  SPAN_ONLY: 'span',
  EVENT_ONLY: 'event',
  SPAN_AND_EVENT: 'both',
};

/** Fills in the defaults, those of the environment included. */
export function resolveTelemetryOptions(options: TelemetryOptions): TelemetrySettings {
  const fromEnvironment = CAPTURE_BY_VALUE[process.env[CAPTURE_VARIABLE]?.toUpperCase() ?? ''];
  return {
    profile: options.profile ?? 'v1.41',
    captureContent: options.captureContent ?? fromEnvironment ?? 'none',
    redact: options.redact,
    maxContentBytes: options.maxContentBytes ?? DEFAULT_MAX_CONTENT_BYTES,
    costAliases: options.costAliases ?? [],
    metricMetadata: options.metricMetadata ?? [],
    propagate: options.propagate ?? false,
    onEvent: options.onEvent,
  };
}

type Check = (value: unknown) => string | undefined;

const oneOf =
  (...choices: readonly string[]): Check =>
  (value) =>
    typeof value === 'string' && choices.includes(value)
      ? undefined
      : `must be one of ${choices.map((choice) => `'${choice}'`).join(', ')}`;

const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value)
      ? value.map(check).find((fault) => fault !== undefined)
      : 'must be an array';

const isText: Check = (value) =>
  typeof value === 'string' && value !== '' ? undefined : 'must be text';
const isFunction: Check = (value) =>
  typeof value === 'function' ? undefined : 'must be a function';
const isBoolean: Check = (value) =>
  typeof value === 'boolean' ? undefined : 'must be true or false';
const isByteCount: Check = (value) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0
    ? undefined
    : 'must be a whole number from 1';
const has =
  (method: string): Check =>
  (value) =>
    typeof value === 'object' && value !== null && typeof Reflect.get(value, method) === 'function'
      ? undefined
      : `must have ${method}()`;

const CHECKS: Readonly<Record<keyof TelemetryOptions, Check>> = {
  profile: oneOf('v1.41', 'latest', 'both'),
  captureContent: oneOf('none', 'span', 'event', 'both'),
  redact: isFunction,
  maxContentBytes: isByteCount,
  costAliases: listOf(oneOf('langfuse', 'openinference', 'litellm')),
  metricMetadata: listOf(isText),
  propagate: isBoolean,
  onEvent: isFunction,
  tracerProvider: has('getTracer'),
  meterProvider: has('getMeter'),
};

/**
 * Checks the `telemetry` option: a boolean, or an object without unknown keys.
 *
 * @throws {@link GatewayError} `zerohop_config` that names the bad option by its path
 */
export function checkTelemetryOptions(value: unknown, path: string): void {
  if (typeof value === 'boolean') return;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refusal(path, 'must be true, false or an object');
  }
  for (const [name, member] of Object.entries(value)) {
    if (!isKnown(name)) {
      throw refusal(
        `${path}.${name}`,
        `unknown option; known are ${Object.keys(CHECKS).join(', ')}`,
      );
    }
    const fault = member === undefined ? undefined : CHECKS[name](member);
    if (fault !== undefined) throw refusal(`${path}.${name}`, fault);
  }
}

function isKnown(name: string): name is keyof TelemetryOptions {
  return Object.hasOwn(CHECKS, name);
}

function refusal(path: string, what: string): GatewayError {
  return new GatewayError(`${path}: ${what}`, { code: 'zerohop_config' });
}
