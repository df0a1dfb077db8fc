import type { GatewayRequest } from '../pipeline/contract.js';
import type { Operation } from '../pipeline/settlement.js';

/** What a request is to the conventions. */
export interface DescribedOperation {
  /** `gen_ai.operation.name`; absent for what the conventions do not know. */
  readonly name: string | undefined;
  readonly spanName: string;
  /** The path with its ids masked; only for what has no operation name. */
  readonly route: string | undefined;
  /** The id of the response that is fetched. */
  readonly responseId: string | undefined;
}

const OPERATION_NAMES: Readonly<Record<Exclude<Operation, 'passthrough'>, string>> = {
  chat: 'chat',
  responses: 'chat',
  messages: 'chat',
  completions: 'text_completion',
  embeddings: 'embeddings',
};

/** Says what a request is called. The name of a span has few values: models, and paths without ids. */
export function describeOperation(
  { operation, method, path }: GatewayRequest,
  model: string | undefined,
): DescribedOperation {
  if (operation !== 'passthrough') {
    const name = OPERATION_NAMES[operation];
    const spanName = model === undefined ? name : `${name} ${model}`;
    return { name, spanName, route: undefined, responseId: undefined };
  }
  const responseId =
    method === 'GET' ? /\/responses\/([^/?#]+)(?:[?#]|$)/.exec(path)?.[1] : undefined;
  if (responseId !== undefined) {
    return { name: 'fetch_response', spanName: 'fetch_response', route: undefined, responseId };
  }
  const route = maskPath(path);
  return { name: undefined, spanName: `${method} ${route}`, route, responseId: undefined };
}

/** Words that are parts of the providers' paths; whatever else stands in one is taken for an id. */
const PATH_WORDS = new Set(
  `accept activate admin admin_api_keys assistants audio batches beta cancel certificates chat checkpoints
  client_secrets compact complete completions containers content conversations count_tokens deactivate
  deployments edits embeddings environments events evals file_batches files fine_tuning generations graders
  hangup images input_items input_tokens invites items jobs me memory_stores messages models moderations
  openai organization organizations output_items parts pause permissions projects rate_limits realtime
  refer reject remix resources responses results resume retry run runs search sessions skills speech steps
  submit_tool_outputs threads transcription_sessions transcriptions translations uploads usage users v1
  validate variations vector_stores versions videos webhooks`.split(/\s+/),
);
const MAX_SEGMENTS = 8;

function maskPath(path: string): string {
  const end = path.search(/[?#]/);
  const segments = (end === -1 ? path : path.slice(0, end)).split('/').filter(Boolean);
  const masked = segments
    .slice(0, MAX_SEGMENTS)
    .map((segment) => (PATH_WORDS.has(segment) ? segment : '{id}'));
  return `/${masked.join('/')}`;
}
