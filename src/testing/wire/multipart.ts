/** One part of a `multipart/form-data` body. */
export interface FormPart {
  readonly name: string;
  /** Set when the part is a file. */
  readonly filename: string | undefined;
  readonly contentType: string | undefined;
  readonly bytes: Uint8Array;
  /** The bytes read as UTF-8. */
  readonly text: string;
}

/** Splits a `multipart/form-data` body; gives no parts for any other content type. */
export function parseMultipart(contentType: string | undefined, body: Buffer): readonly FormPart[] {
  const boundary = /^multipart\/form-data;.*boundary="?([^";]+)"?/i.exec(contentType ?? '')?.[1];
  if (boundary === undefined) return [];
  const delimiter = Buffer.from(`--${boundary}`);
  const parts: FormPart[] = [];
  let start = body.indexOf(delimiter);
  while (start >= 0) {
    const next = body.indexOf(delimiter, start + delimiter.length);
    if (next < 0) break;
    parts.push(readPart(body.subarray(start + delimiter.length + 2, next - 2)));
    start = next;
  }
  return parts;
}

function readPart(section: Buffer): FormPart {
  const headEnd = section.indexOf('\r\n\r\n');
  const head = section.subarray(0, Math.max(headEnd, 0)).toString();
  const bytes = section.subarray(headEnd + 4);
  return {
    name: /\bname="([^"]*)"/i.exec(head)?.[1] ?? '',
    filename: /\bfilename="([^"]*)"/i.exec(head)?.[1],
    contentType: /^content-type: *(.+)$/im.exec(head)?.[1]?.trim(),
    bytes,
    text: bytes.toString(),
  };
}
