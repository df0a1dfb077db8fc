import { GatewayError } from '../pipeline/errors.js';

/**
 * Refuses numbers that JSON cannot say: `JSON.stringify` would silently send `null` for them. Looks at the
 * parameters themselves, not into messages.
 *
 * @throws {@link GatewayError} `zerohop_request` that names the parameter
 */
export function checkRequest(body: unknown): void {
  if (typeof body !== 'object' || body === null || Symbol.iterator in body) return;
  for (const name in body) {
    const value: unknown = Reflect.get(body, name);
    if (typeof value === 'number' && !Number.isFinite(value)) {
      throw new GatewayError(`${name}: ${value} is not a number JSON can carry`, {
        code: 'zerohop_request',
      });
    }
  }
}
