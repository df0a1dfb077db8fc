import type { CallContext } from '../pipeline/call-context.js';
import type { Feature } from '../pipeline/feature.js';
import type { LimitStats } from '../pipeline/limit-types.js';
import { CallTelemetry } from './call-telemetry.js';
import { ErrorTypes } from './error-type.js';
import { Metrics } from './metrics.js';
import { MeterSource, TracerSource } from './providers.js';
import { resolveTelemetryOptions, type TelemetryOptions } from './telemetry-options.js';

/** What telemetry is told by the gateway. */
export interface TelemetryDependencies {
  /** Version of the instrumentation scope. */
  readonly version?: string | undefined;
  /** Whether a cache, a fallback, a limit or the like is on for a call: it then has a span above its targets'. @defaultValue never */
  readonly hasGatewayFeatures?: ((call: CallContext) => boolean) | undefined;
  /** How the rate limits do now. @defaultValue there are none */
  readonly limits?: (() => readonly LimitStats[]) | undefined;
}

/**
 * Spans and metrics of the OpenTelemetry GenAI conventions for every call, to whatever providers the
 * application registered, whenever it does. As long as there is none, calls are not followed at all.
 */
export function telemetry(
  options: TelemetryOptions = {},
  { version, hasGatewayFeatures = () => false, limits }: TelemetryDependencies = {},
): Feature {
  const settings = resolveTelemetryOptions(options);
  const errorTypes = new ErrorTypes();
  const tracers = new TracerSource(options.tracerProvider, version);
  const meters = new MeterSource(
    options.meterProvider,
    version,
    (meter) => new Metrics(meter, settings, limits),
  );
  return {
    name: 'telemetry',
    open(call, request) {
      const tracer = tracers.current();
      const metrics = meters.current();
      if (tracer === undefined && metrics === undefined) return undefined;
      const instruments = {
        settings,
        errorTypes,
        tracer,
        metrics,
        hasGatewayFeatures: hasGatewayFeatures(call),
      };
      return new CallTelemetry(instruments, call, request);
    },
  };
}
