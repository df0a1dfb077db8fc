import { joinHeaders, type RawRequest } from '../wire/request-reader.js';

/** Reads a `Request` as if it had come over a socket. */
export async function readFetchRequest(request: Request): Promise<RawRequest> {
  const url = new URL(request.url);
  const rawHeaders = ['host', url.host, ...[...request.headers].flat()];
  return {
    method: request.method,
    target: `${url.pathname}${url.search}`,
    rawHeaders,
    headers: joinHeaders(rawHeaders),
    body: Buffer.from(await request.arrayBuffer()),
  };
}
