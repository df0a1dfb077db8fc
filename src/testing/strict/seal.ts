import { createHash } from 'node:crypto';

const MARK = 'fake-seal:';

/**
 * What a strict provider puts beside reasoning and wants back with it: a signature, encrypted content. It holds a
 * digest of the text, so that any strict provider knows it again, after a reset, too.
 */
export function sealOf(text: string): string {
  const digest = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return Buffer.from(`${MARK}${digest}`).toString('base64');
}

/** Whether a seal was given out for this very text. */
export function isSealed(seal: string, text: string): boolean {
  return seal === sealOf(text);
}
