import { connect, type Socket } from 'node:net';

/** What came back over a raw socket. */
export interface RawAnswer {
  readonly text: string;
  readonly bytes: Buffer;
  /** How the server left the socket. */
  readonly ending: 'fin' | 'reset' | 'open';
}

/** Sends bytes over a new socket and reads until the server ends it, or until `isComplete` says so. */
export function exchange(
  port: number,
  request: string | readonly string[],
  isComplete: (text: string) => boolean = () => false,
): Promise<RawAnswer> {
  return new Promise((resolve) => {
    const received: Buffer[] = [];
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const finish = (ending: RawAnswer['ending']): void => {
      const bytes = Buffer.concat(received);
      socket.destroy();
      resolve({ bytes, text: bytes.toString(), ending });
    };
    socket.on('data', (bytes) => {
      received.push(bytes);
      if (isComplete(Buffer.concat(received).toString())) finish('open');
    });
    socket.once('end', () => finish('fin'));
    socket.once('error', () => finish('reset'));
    sendInTurn(socket, typeof request === 'string' ? [request] : request);
  });
}

function sendInTurn(socket: Socket, [first, ...rest]: readonly string[]): void {
  if (first !== undefined) socket.write(first, () => setImmediate(() => sendInTurn(socket, rest)));
}

/** A POST request as bytes. */
export function post(path: string, body: unknown, headers: Record<string, string> = {}): string {
  const text = JSON.stringify(body);
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return `POST ${path} HTTP/1.1\r\nhost: fake\r\ncontent-type: application/json\r\n${lines.join('')}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
}

/** A chat request as bytes, with faults named in a header. */
export function postChat(fault: string, extra: Record<string, unknown> = {}): string {
  const body = { model: 'm', messages: [{ role: 'user', content: 'one two three' }], ...extra };
  return post('/v1/chat/completions', body, fault === '' ? {} : { 'x-fake-fault': fault });
}

/** Says that a chunked body has ended. */
export const hasEnd = (text: string): boolean => text.endsWith('0\r\n\r\n');

/** The part after the headers. */
export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

/** The data of the events in a chunked answer, chunk framing taken away. */
export function eventsOf(text: string): readonly string[] {
  return [...text.matchAll(/^data: (.*)$/gm)].map((match) => match[1] ?? '');
}
