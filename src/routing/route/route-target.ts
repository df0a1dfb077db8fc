import type { DialectName } from '../../dialects/dialect.js';
import type { GatewayRequest, Timeouts } from '../../pipeline/contract.js';
import type { Target } from '../../pipeline/target.js';
import type { RouteHealth } from './route-health.js';
import type { RouteCall, TargetView } from './route-types.js';

/** A target that was opened for one call. */
export interface OpenedTarget {
  readonly target: Target;
  /** The call's request, as this target is to be asked. */
  readonly request: GatewayRequest;
  readonly timeouts?: Omit<Timeouts, 'total'> | undefined;
  /** Retries at this target; the caller's own number where it is absent. */
  readonly maxRetries?: number | undefined;
  /** What was taken out of the request, because it means nothing there. Names only. */
  readonly removed: readonly string[];
}

/** A target of a gateway, over all its calls. */
export interface RouteTarget {
  readonly name: string;
  readonly region: string | undefined;
  readonly keyLabel: string | undefined;
  /** Its share in a balanced group; may be changed while running. */
  weight: number;
  readonly health: RouteHealth;
  /** Whether it can be asked in this wire format. */
  speaks(dialect: DialectName): boolean;
  /** For one call of `caller`. Rejects where its client cannot be had. */
  open(call: RouteCall, caller: Target): OpenedTarget | Promise<OpenedTarget>;
}

/** A target as a strategy of the user's sees it. */
export function viewOf(
  { name, weight, region, keyLabel, health }: RouteTarget,
  now: number,
): TargetView {
  return {
    name,
    weight,
    region,
    keyLabel,
    inFlight: health.stats.inFlight,
    firstContentMs: health.stats.firstContentMs,
    isAvailable: health.isAvailable(now),
  };
}
