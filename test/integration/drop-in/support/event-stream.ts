import { crc32 } from 'node:zlib';

/**
 * One message of the AWS event stream: two lengths and their checksum, headers, payload, and a checksum of
 * everything (`vnd.amazon.eventstream`).
 */
function frame(headers: Readonly<Record<string, string>>, payload: Buffer): Buffer {
  const head = Buffer.concat(Object.entries(headers).map(([name, value]) => header(name, value)));
  const prelude = Buffer.alloc(12);
  prelude.writeUInt32BE(12 + head.length + payload.length + 4, 0);
  prelude.writeUInt32BE(head.length, 4);
  prelude.writeUInt32BE(crc32(prelude.subarray(0, 8)), 8);
  const unsigned = Buffer.concat([prelude, head, payload]);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(unsigned));
  return Buffer.concat([unsigned, checksum]);
}

/** A header of type 7: a string. */
function header(name: string, value: string): Buffer {
  const text = Buffer.from(value);
  const size = Buffer.alloc(3);
  size.writeUInt8(7, 0);
  size.writeUInt16BE(text.length, 1);
  return Buffer.concat([Buffer.from([name.length]), Buffer.from(name), size, text]);
}

/** Claude's events as Bedrock sends them: each as base64 in a `chunk`. */
export function bedrockStream(events: readonly unknown[]): Buffer {
  return Buffer.concat(events.map(chunk));
}

function chunk(event: unknown): Buffer {
  const bytes = Buffer.from(JSON.stringify(event)).toString('base64');
  return frame(
    { ':event-type': 'chunk', ':content-type': 'application/json', ':message-type': 'event' },
    Buffer.from(JSON.stringify({ bytes })),
  );
}

/** An exception in the middle of a stream. */
export function bedrockException(type: string, message: string): Buffer {
  return frame(
    { ':exception-type': type, ':content-type': 'application/json', ':message-type': 'exception' },
    Buffer.from(JSON.stringify({ message })),
  );
}
