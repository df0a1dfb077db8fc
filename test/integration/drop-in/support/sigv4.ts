import { createHash, createHmac } from 'node:crypto';
import type { RecordedRequest } from 'zerohop/testing';

const hmac = (key: string | Buffer, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: string | Uint8Array): string =>
  createHash('sha256').update(bytes).digest('hex');

/** The parts of an AWS `authorization` header. */
export function readAuthorization({ headers }: RecordedRequest) {
  const [, keyId, scope, signedHeaders, signature] =
    /Credential=([^/]+)\/([^,]+), SignedHeaders=([^,]+), Signature=(\w+)/.exec(
      headers.authorization ?? '',
    ) ?? [];
  return { keyId, scope: scope ?? '', signedHeaders: signedHeaders ?? '', signature };
}

/** The signature (AWS Signature Version 4) that a request should carry as it was received. */
export function expectedSignature(request: RecordedRequest, secret: string): string {
  const { scope, signedHeaders } = readAuthorization(request);
  const [date = '', region = '', service = '', terminator = ''] = scope.split('/');
  const canonical = [
    request.method,
    // Every service but S3 encodes the path once more.
    request.path.split('/').map(encodeURIComponent).join('/'),
    request.query.toString(),
    ...signedHeaders.split(';').map((name) => `${name}:${request.headers[name] ?? ''}`),
    '',
    signedHeaders,
    sha256(request.body),
  ].join('\n');
  const stamp = request.headers['x-amz-date'] ?? '';
  const toSign = ['AWS4-HMAC-SHA256', stamp, scope, sha256(canonical)].join('\n');
  const key = [date, region, service, terminator].reduce<string | Buffer>(hmac, `AWS4${secret}`);
  return hmac(key, toSign).toString('hex');
}
