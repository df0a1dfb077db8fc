import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** What an exchange was asked of. */
export type WireApi =
  | 'openai.chat'
  | 'openai.responses'
  | 'openai.completions'
  | 'openai.embeddings'
  | 'openai.images'
  | 'openai.audio.transcriptions'
  | 'openai.moderations'
  | 'openai.vector_stores'
  | 'models'
  | 'anthropic.messages'
  | 'anthropic.count_tokens';

/** One exchange with a provider, recorded or made up in the same form. */
export interface WireExchange {
  readonly id: string;
  readonly provider: string;
  readonly api: WireApi;
  readonly stream: boolean;
  readonly features: readonly string[];
  readonly request: {
    readonly method: string;
    readonly url: string;
    readonly body: unknown;
  } | null;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    /** Whether `body` is the text of an event stream. */
    readonly sse: boolean;
    readonly body: unknown;
  };
}

const repositoryRoot = resolve(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Where the recordings are kept: beside the repository, never in it. */
export const recordingsFolder = resolve(repositoryRoot, '../shared/wire');

/** All recorded exchanges, by id; none where the folder is absent. */
export function loadRecordings(folder = recordingsFolder): readonly WireExchange[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => {
      // The files are data of this form; INDEX.md documents it.
      const exchange = JSON.parse(readFileSync(join(folder, name), 'utf8')) as WireExchange;
      return { ...exchange, id: relative('.', name).replace(/\.json$/, '') };
    });
}

/** The feature tags that the recordings' index counts. */
export function indexedFeatures(folder = recordingsFolder): readonly string[] {
  const index = readFileSync(join(folder, 'INDEX.md'), 'utf8');
  const table = index.slice(index.indexOf('| feature | here | sealed |'));
  const rows = table.slice(0, table.indexOf('\n\n')).split('\n').slice(2);
  return rows.map((row) => row.split('|')[1]?.trim() ?? '');
}

/** The body's bytes as they go over the wire. */
export function bodyBytes({ response }: WireExchange): Buffer {
  const { body } = response;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}
