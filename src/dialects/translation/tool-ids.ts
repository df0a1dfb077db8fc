import { createHash } from 'node:crypto';

const MAX_LENGTH = 40;
const PLAIN = /^[A-Za-z0-9_-]{1,40}$/;

/**
 * A tool call's id as every provider takes it: at most 40 letters, digits, `_` and `-` (Anthropic's
 * `^[a-zA-Z0-9_-]+$`, the 40 characters of OpenAI's chat). One that is so already stays; another always gets the same,
 * so that a call and its result agree.
 */
export function portableToolId(id: string): string {
  if (PLAIN.test(id)) return id;
  const digest = createHash('sha256').update(id).digest('hex').slice(0, 16);
  const plain = id.replace(/[^A-Za-z0-9_-]/g, '_').slice(0, MAX_LENGTH - digest.length - 1);
  return `${plain}_${digest}`;
}
