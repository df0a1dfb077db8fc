import { GatewayError } from '../pipeline/errors.js';
import type { ErrorFactory } from '../pipeline/target.js';

/**
 * Refuses numbers that JSON cannot say: `JSON.stringify` would silently send `null` for them. Looks at the
 * parameters themselves, not into messages.
 */
export function checkRequestBody(body: unknown, errors: ErrorFactory): void {
  if (typeof body !== 'object' || body === null) return;
  for (const name in body) {
    const value: unknown = Reflect.get(body, name);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      const cause = new GatewayError(`${name}: ${value} is not a number JSON can carry`, {
        code: 'zerohop_request',
      });
      throw errors.status(
        400,
        { error: { message: cause.message, type: 'gateway_error', code: cause.code, param: name } },
        undefined,
        new Headers(),
        cause,
      );
    }
  }
}
