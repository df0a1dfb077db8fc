import type { MessageCreateParamsBase as BetaParams } from '@anthropic-ai/sdk/resources/beta/messages/messages';
import type {
  Metadata,
  MessageCreateParamsBase as Params,
} from '@anthropic-ai/sdk/resources/messages/messages';
import { isJsonObject, listOf, objectOf, textOf } from '../json.js';
import { contentText } from '../model/prompt.js';
import { messageBlocks } from './message-blocks.js';
import { messageTools } from './message-tools.js';
import { messageTurns } from './message-turns.js';
import { claudeOf } from './models.js';
import { firstOf, isGiven, type Rule, unknownMember } from './refusal.js';
import { thinkingRules } from './thinking-rules.js';

/** Those of the betas are known, too; `betas` itself is a header. */
const PARAMETERS = {
  ...{ max_tokens: 1, messages: 1, model: 1, cache_control: 1, container: 1, diagnostics: 1 },
  ...{ inference_geo: 1, metadata: 1, output_config: 1, service_tier: 1, speed: 1 },
  ...{ stop_sequences: 1, stream: 1, system: 1, thinking: 1, tool_choice: 1, tools: 1 },
  ...{ user_profile_id: 1, workspace_id: 1, billing_policy: 1, compaction: 1 },
  ...{ context_management: 1, fallback_credit_token: 1, fallbacks: 1, mcp_servers: 1 },
  ...{ output_format: 1, thread: 1 },
} satisfies Record<keyof Params | Exclude<keyof BetaParams, 'betas'>, 1>;
const METADATA = { user_id: 1 } satisfies Record<keyof Metadata, 1>;
const SAMPLING = ['temperature', 'top_p', 'top_k'];
/** From this version of the API on there are no sampling parameters. */
const WITHOUT_SAMPLING = '2026-10-21';
const MAX_USER_ID = 256;
const CHARACTERS_PER_TOKEN = 4;

const required: Rule = ({ body }) => {
  const missing = ['model', 'max_tokens', 'messages'].find((name) => !isGiven(body[name]));
  return missing === undefined ? undefined : { message: `${missing}: Field required` };
};

const model: Rule = ({ model: asked, models }) =>
  models === undefined || models.has(asked)
    ? undefined
    : { status: 404, message: `model: ${asked}` };

const maxTokens: Rule = ({ body }) => {
  const { max_tokens: bound } = body;
  if (typeof bound !== 'number' || !Number.isInteger(bound)) {
    return { message: 'max_tokens: Input should be a valid integer' };
  }
  const message = 'max_tokens: Input should be greater than or equal to 1';
  return bound < 1 ? { message } : undefined;
};

const sampling: Rule = ({ body, version, model: asked }) => {
  const given = SAMPLING.filter((name) => isGiven(body[name]));
  const [first] = given;
  if (first === undefined) return undefined;
  if (version >= WITHOUT_SAMPLING) return { message: `${first}: Extra inputs are not permitted` };
  const { version: age } = claudeOf(asked);
  if (age > 406 && given.some((name) => body[name] !== 1)) {
    return { message: `${first}: This model does not support sampling parameters.` };
  }
  const isBoth = given.includes('temperature') && given.includes('top_p');
  if (age >= 405 && isBoth) {
    return {
      message:
        '`temperature` and `top_p` cannot both be specified for this model. Please use only one.',
    };
  }
  const { temperature } = body;
  const isTooHot = typeof temperature === 'number' && (temperature > 1 || temperature < 0);
  return isTooHot ? { message: 'temperature: range: 0..1' } : undefined;
};

const parameters: Rule = ({ body }) => {
  const { temperature: _, top_p: __, top_k: ___, ...others } = body;
  const unknown = unknownMember(others, PARAMETERS);
  return unknown === undefined
    ? undefined
    : { message: `${unknown}: Extra inputs are not permitted` };
};

const metadata: Rule = ({ body }) => {
  const given = objectOf(body.metadata);
  const unknown = unknownMember(given, METADATA);
  if (unknown !== undefined) {
    return { message: `metadata.${unknown}: Extra inputs are not permitted` };
  }
  const id = textOf(given.user_id);
  if (id.length > MAX_USER_ID) {
    const message = `metadata.user_id: String should have at most ${MAX_USER_ID} characters`;
    return { message };
  }
  return /\S@\S+\.\S/.test(id)
    ? { message: 'metadata.user_id: user_id appears to contain an email address' }
    : undefined;
};

const stops: Rule = ({ body }) =>
  firstOf(listOf(body.stop_sequences), (text) =>
    textOf(text).trim() === ''
      ? { message: 'stop_sequences: each stop sequence must contain non-whitespace' }
      : undefined,
  );

const system: Rule = ({ body }) => {
  if (!isGiven(body.system) || typeof body.system === 'string') return undefined;
  return firstOf(listOf(body.system), (block, index) => {
    if (!isJsonObject(block) || block.type !== 'text') {
      return { message: `system.${index}: Input does not match the expected shape.` };
    }
    return textOf(block.text).trim() === ''
      ? { message: 'system: text content blocks must be non-empty' }
      : undefined;
  });
};

const promptLength: Rule = ({ body, model: asked }) => {
  const characters = contentText(body.system).length + contentText(body.messages).length;
  const tokens = Math.ceil(characters / CHARACTERS_PER_TOKEN);
  const { maxPromptTokens } = claudeOf(asked);
  if (tokens <= maxPromptTokens) return undefined;
  return { message: `prompt is too long: ${tokens} tokens > ${maxPromptTokens} maximum` };
};

/** What Anthropic insists on in a request for a message. */
export const messagesRules: readonly Rule[] = [
  required,
  model,
  maxTokens,
  sampling,
  parameters,
  metadata,
  stops,
  system,
  ...messageBlocks,
  ...messageTurns,
  ...messageTools,
  ...thinkingRules,
  promptLength,
];
