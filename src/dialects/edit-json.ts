import { isJson } from '../pipeline/content-type.js';
import { GatewayResponse } from '../pipeline/gateway-response.js';

/**
 * A response with its JSON body changed, for interceptors. The response that is given is used up.
 *
 * @param response the response of `next()`; one whose body is not JSON (a stream, audio) is returned as it is
 * @param edit gets the parsed body and returns the one to hand over; may change it in place
 */
export async function editJson(
  response: Response,
  edit: (body: unknown) => unknown,
): Promise<Response> {
  if (!isJson(response.headers.get('content-type')?.toLowerCase() ?? '')) return response;
  const json = edit(await response.json());
  const headers = new Headers(response.headers);
  headers.delete('content-length');
  const { status, statusText, url } = response;
  return new GatewayResponse({
    status,
    statusText,
    headers,
    url,
    payload: { kind: 'bytes', bytes: new TextEncoder().encode(JSON.stringify(json)), json },
  });
}
