import { gzipSync } from 'node:zlib';
import { type WireStep, wire } from 'zerohop/testing';

/** What an upstream does in answer to one request. */
export type Attempt = readonly WireStep[];

type HeaderValues = Readonly<Record<string, string>>;

/** A whole answer with an exact body. */
export function http(status: number, headers: HeaderValues, body: string | Uint8Array): WireStep {
  const bytes = Buffer.from(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} X\r\n${lines.join('')}content-length: ${bytes.length}\r\n\r\n`;
  return wire.write(Buffer.concat([Buffer.from(head), bytes]));
}

/** A whole JSON answer; a string is sent as it stands. */
export function json(status: number, body: unknown, headers: HeaderValues = {}): WireStep {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return http(status, { 'content-type': 'application/json', ...headers }, text);
}

/** The headers of an event stream in chunks. */
export function streamHead(): WireStep {
  return wire.write(
    'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\nx-request-id: req_1\r\n\r\n',
  );
}

/** The end of a body in chunks. */
export function end(): WireStep {
  return wire.write('0\r\n\r\n');
}

/** Headers and events, one chunk each; the body is left open. */
export function openStream(events: readonly string[], separator = '\n\n'): WireStep[] {
  return [streamHead(), ...events.map((event) => wire.chunk(event + separator))];
}

/** A whole event stream. */
export function stream(events: readonly string[], separator = '\n\n'): Attempt {
  return [...openStream(events, separator), end()];
}

/** A whole event stream, every byte a chunk of its own. */
export function bytewise(events: readonly string[]): Attempt {
  const bytes = Buffer.from(`${events.join('\n\n')}\n\n`);
  return [streamHead(), ...Array.from(bytes, (byte) => wire.chunk(Uint8Array.of(byte))), end()];
}

/** A JSON body whose `content-length` promises more than comes, and then what `ending` says. */
export function shortBody(body: string, ending: readonly WireStep[]): Attempt {
  const head = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 300\r\n\r\n';
  return [wire.write(head + body.slice(0, 60)), ...ending];
}

/** A JSON body that is gzip, or only says so. */
export function gzipped(body: string, mode: 'ok' | 'lie'): Attempt {
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  return [http(200, headers, mode === 'ok' ? gzipSync(body) : body)];
}
