import { GatewayResponse } from '../pipeline/gateway-response.js';
import type { ParseResponse, SdkClient, SdkResponseProps } from './client-types.js';

/** What an SDK adds to a parsed answer, out of sight: which property from which header. */
export type JsonRule = readonly (readonly [property: string, header: string])[];

const PROBE_HEADERS = [
  'x-request-id',
  'request-id',
  'anthropic-workspace-id',
  'openai-organization',
];

/**
 * What the SDK's own parser makes of a JSON answer, seen on one: `undefined` where it does more than add
 * hidden properties from headers, and must parse every answer itself.
 */
export async function findJsonRule(
  client: SdkClient,
  parse: ParseResponse,
): Promise<JsonRule | undefined> {
  try {
    const headers = new Headers({ 'content-type': 'application/json' });
    for (const name of PROBE_HEADERS) headers.set(name, `probe ${name}`);
    const parsed: unknown = await parse(client, probeProps(headers));
    if (typeof parsed !== 'object' || parsed === null) return undefined;
    if (JSON.stringify(parsed) !== '{"probe":[1]}') return undefined;
    return Reflect.ownKeys(parsed).flatMap((key) => {
      const value: unknown = Reflect.get(parsed, key);
      const header = PROBE_HEADERS.find((name) => value === `probe ${name}`);
      return typeof key === 'string' && header !== undefined ? [[key, header] as const] : [];
    });
  } catch {
    return undefined;
  }
}

function probeProps(headers: Headers): SdkResponseProps {
  return {
    response: new Response('{"probe":[1]}', { headers }),
    options: { method: 'post', path: '/' },
    controller: new AbortController(),
    requestLogID: 'log_zerohop',
    retryOfRequestLogID: undefined,
    startTime: Date.now(),
  };
}

/** Whether a response holds an answer that is parsed already and that the SDK would hand over as it is. */
export function isParsed(client: SdkClient, { response, options }: SdkResponseProps): boolean {
  if (!(response instanceof GatewayResponse) || client.logLevel === 'debug') return false;
  const payload = response.peekPayload();
  return (
    payload?.kind === 'bytes' &&
    typeof payload.json === 'object' &&
    payload.json !== null &&
    options.stream !== true &&
    options.__binaryResponse !== true &&
    response.status !== 204
  );
}

/** The parsed answer, with what the SDK adds to it; the response counts as read. */
export function takeParsed({ response }: SdkResponseProps, rule: JsonRule): unknown {
  // isParsed() looked.
  const payload = (response as GatewayResponse).takePayload();
  const json: unknown = payload.kind === 'bytes' ? payload.json : undefined;
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return json;
  for (const [property, header] of rule) {
    Object.defineProperty(json, property, {
      value: response.headers.get(header),
      enumerable: false,
    });
  }
  return json;
}
