import type { Operation } from '../pipeline/settlement.js';
import type { DialectName } from './dialect.js';

/** What a request asks for, and in which wire format. */
export type Recognised =
  | { readonly operation: Exclude<Operation, 'passthrough'>; readonly dialect: DialectName }
  | { readonly operation: 'passthrough'; readonly dialect?: undefined };

const CHAT: Recognised = { operation: 'chat', dialect: 'openai-chat' };
const RESPONSES: Recognised = { operation: 'responses', dialect: 'openai-responses' };
const MESSAGES: Recognised = { operation: 'messages', dialect: 'anthropic-messages' };
const COMPLETIONS: Recognised = { operation: 'completions', dialect: 'openai-completions' };
const EMBEDDINGS: Recognised = { operation: 'embeddings', dialect: 'openai-embeddings' };
const PASSTHROUGH: Recognised = { operation: 'passthrough' };

/**
 * Says what a request asks for. `path` is a path as the SDKs use them (`/chat/completions`) or a whole
 * URL under any base path. Only a POST with an object for a body is recognised; everything else,
 * sub-paths (`/chat/completions/{id}`, `/v1/messages/count_tokens`) included, is passed through.
 */
export function recogniseOperation(method: string, path: string, body: unknown): Recognised {
  if (method !== 'post' && method !== 'POST') return PASSTHROUGH;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return PASSTHROUGH;
  return recogniseSdkPath(path) ?? recogniseUrl(path);
}

/** The paths the SDKs use, as they are. */
function recogniseSdkPath(path: string): Recognised | undefined {
  switch (path) {
    case '/chat/completions':
      return CHAT;
    case '/responses':
      return RESPONSES;
    case '/v1/messages':
    case '/v1/messages?beta=true':
      return MESSAGES;
    case '/embeddings':
      return EMBEDDINGS;
    case '/completions':
      return COMPLETIONS;
    default:
      return undefined;
  }
}

/** The last segments of a URL or of a path with a base path. */
function recogniseUrl(url: string): Recognised {
  const end = url.search(/[?#]/);
  const path = end === -1 ? url : url.slice(0, end);
  if (path.endsWith('/chat/completions')) return CHAT;
  if (path.endsWith('/responses')) return RESPONSES;
  if (path.endsWith('/embeddings')) return EMBEDDINGS;
  if (path.endsWith('/completions')) return COMPLETIONS;
  // OpenAI has `/threads/{id}/messages`; Anthropic's path is always `/v1/messages`.
  if (path.endsWith('/v1/messages')) return MESSAGES;
  return PASSTHROUGH;
}
