import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DialectName } from '../../../../src/dialects/dialect.js';

/** One recorded exchange, as far as these tests read it. See `INDEX.md` beside the recordings. */
export interface Exchange {
  readonly id: string;
  readonly api: string;
  readonly features: readonly string[];
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly body: unknown;
  } | null;
  readonly response: { readonly status: number; readonly sse: boolean; readonly body: unknown };
}

/** The recordings lie beside the project, never in it. */
const folder = fileURLToPath(new URL('../../../../../shared/wire', import.meta.url));

const DIALECTS: Readonly<Record<string, DialectName>> = {
  'openai.chat': 'openai-chat',
  'openai.responses': 'openai-responses',
  'anthropic.messages': 'anthropic-messages',
  'openai.completions': 'openai-completions',
  'openai.embeddings': 'openai-embeddings',
};

export const hasRecordings = existsSync(join(folder, 'INDEX.md'));

/** Every recording, or none where the folder is not there. */
export function recordings(): readonly Exchange[] {
  if (!hasRecordings) return [];
  const providers = readdirSync(folder, { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  return providers.flatMap(({ name }) =>
    readdirSync(join(folder, name))
      .filter((file) => file.endsWith('.json'))
      .map((file): Exchange => JSON.parse(readFileSync(join(folder, name, file), 'utf8'))),
  );
}

/** The dialect an exchange is in; `undefined` for APIs that are passed through. */
export function dialectOf(exchange: Exchange): DialectName | undefined {
  return DIALECTS[exchange.api];
}
