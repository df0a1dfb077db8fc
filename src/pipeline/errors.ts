/** What the gateway refuses or finds wrong by itself. Upstream errors stay the provider SDK's own. */
export type GatewayErrorCode =
  /** An option is unknown, of the wrong type or out of range. */
  | 'zerohop_config'
  /** The client cannot be wrapped. */
  | 'zerohop_client'
  /** An interceptor threw, returned something else than a response, or consumed the body. */
  | 'zerohop_interceptor'
  /** The gateway was closed. */
  | 'zerohop_closed'
  /** A redirect led to another origin. */
  | 'zerohop_redirect'
  /** `gateway.fetch` was asked for an origin that is not in `origins`. */
  | 'zerohop_origin'
  /** A body or an event passed one of the size limits. */
  | 'zerohop_limit'
  /** A body that is not what its headers promised. */
  | 'zerohop_malformed'
  /** `timeouts.connect`, `.firstByte`, `.idle` or `.total` ran out. */
  | 'zerohop_timeout'
  /** No target of the route can be asked at the moment. */
  | 'zerohop_no_target'
  /** One of the gateway's own limits (`rateLimit`) is used up. */
  | 'zerohop_rate_limited'
  /** One of the gateway's budgets (`budgets`) is used up. */
  | 'zerohop_budget'
  /** A request value that JSON cannot say (`NaN`, `Infinity`). */
  | 'zerohop_request';

/** Options of {@link GatewayError}. */
export interface GatewayErrorOptions {
  readonly code: GatewayErrorCode;
  readonly cause?: unknown;
}

/** An error of the gateway itself. */
export class GatewayError extends Error {
  /** Brand read by {@link isGatewayError}; survives duplicated copies of the package. */
  readonly isGatewayError: true = true;
  /** What kind of refusal it is. */
  readonly code: GatewayErrorCode;

  constructor(message: string, { code, ...options }: GatewayErrorOptions) {
    super(message, options);
    this.name = 'GatewayError';
    this.code = code;
  }
}

/** Whether `value` is a {@link GatewayError}, of this copy of the package or another. */
export function isGatewayError(value: unknown): value is GatewayError {
  return value instanceof Error && 'isGatewayError' in value && value.isGatewayError === true;
}

/** The first {@link GatewayError} in `error`'s chain of causes. */
export function gatewayErrorIn(error: unknown): GatewayError | undefined {
  let current = error;
  for (let depth = 0; depth < 8 && current instanceof Error; depth += 1) {
    if (isGatewayError(current)) return current;
    current = current.cause;
  }
  return undefined;
}

const MAX_MESSAGE = 300;

/** Bounds a message, and never lets a page of HTML through. */
export function boundMessage(message: string): string {
  if (/<(?:!doctype|html|head|body)\b/i.test(message.slice(0, 1024))) {
    return `${message.slice(0, message.indexOf('<')).trim() || 'an HTML page'} (HTML body left out)`.slice(
      0,
      MAX_MESSAGE,
    );
  }
  return message.length > MAX_MESSAGE ? `${message.slice(0, MAX_MESSAGE - 1)}…` : message;
}
