import type { DialectName } from '../dialects/dialect.js';
import { isPlain } from '../dialects/foreign-body.js';
import type { TranslatedDialect } from '../dialects/translation/canonical-request.js';
import type { Loss } from '../dialects/translation/losses.js';
import {
  type TranslatedRequest,
  translateRequest,
} from '../dialects/translation/translate-request.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import { isRefused, type OnUnsupported, type Owner, plainBody } from './shape-request.js';

/** What a request is translated for. */
export interface TranslatedPassage {
  readonly from: DialectName;
  readonly to: TranslatedDialect;
  readonly owner: Owner;
  readonly model: string | undefined;
  readonly maxTokens: number | undefined;
  readonly structuredOutput: boolean | undefined;
  readonly onUnsupported: OnUnsupported;
}

/** A translated request, and what the user's policy makes of what got lost. */
export interface TranslationOutcome extends TranslatedRequest {
  /** What was left out or said in another way. Names only. */
  readonly removed: readonly string[];
  /** For what of it the target is not to be asked. */
  readonly refused: readonly string[];
}

/** A request in a target's dialect. `undefined` where its body is no JSON object. */
export function translated(
  request: GatewayRequest,
  passage: TranslatedPassage,
): TranslationOutcome | undefined {
  const body = plainBody(request.body);
  if (!isPlain(body)) return undefined;
  const { from, to, owner, model, maxTokens, structuredOutput, onUnsupported } = passage;
  const asked = typeof body.model === 'string' ? body.model : undefined;
  const target = {
    provider: owner.owner,
    model: model ?? asked,
    maxTokens,
    structuredOutput,
  };
  const outcome = translateRequest(body, { from, to, target });
  const isRefused = (loss: Loss) => refuses(loss, request, onUnsupported);
  return {
    ...outcome,
    removed: [
      ...outcome.losses.map(({ name }) => name),
      ...Object.keys(request.headers ?? {}).map((name) => `headers.${name}`),
    ],
    refused: outcome.losses.filter(isRefused).map(({ name }) => name),
  };
}

/** Without what is refused the request would mean something else: nobody is asked about it. */
function refuses(
  { kind, name }: Loss,
  request: GatewayRequest,
  onUnsupported: OnUnsupported,
): boolean {
  return kind === 'refused' || isRefused(name, request, onUnsupported);
}
