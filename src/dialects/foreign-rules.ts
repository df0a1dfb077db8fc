/** The tables behind {@link foreignBody}: who understands what. */

/**
 * Where Claude itself is served. What it signs on one of these it reads on the others; prompt caching and
 * its hosted tools are theirs, too.
 */
export const CLAUDE_HOSTS: ReadonlySet<string> = new Set([
  'anthropic',
  'aws.bedrock',
  'gcp.vertex_ai',
  'azure.ai.inference',
]);

/** OpenAI's models with OpenAI's parameters. */
export const OPENAI_HOSTS: ReadonlySet<string> = new Set([
  'openai',
  'azure.ai.openai',
  'azure.ai.inference',
]);

const NOBODY: ReadonlySet<string> = new Set();
const OPENROUTER: ReadonlySet<string> = new Set(['openrouter']);

/** Takes cache markers, Claude's or, as OpenRouter does, for whoever it asks. */
export const READS_CACHE_CONTROL: ReadonlySet<string> = new Set([...CLAUDE_HOSTS, ...OPENROUTER]);
/** Puts thought signatures into OpenAI's chat format. */
export const READS_EXTRA_CONTENT: ReadonlySet<string> = new Set(['gcp.gemini', 'gcp.vertex_ai']);

/** Parameters that mean something to a few, or to whom they were made for alone. */
export const PROVIDERS_OWN: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  // Another's cache, and who is behind the request: of use to nobody else, refused by the strict.
  ['prompt_cache_key', OPENAI_HOSTS],
  ['prompt_cache_options', OPENAI_HOSTS],
  ['prompt_cache_retention', OPENAI_HOSTS],
  ['safety_identifier', OPENAI_HOSTS],
  // For a dashboard elsewhere, or for who watches over abuse there. `user` is standard and stays.
  ['store', OPENAI_HOSTS],
  ['metadata', new Set([...OPENAI_HOSTS, ...CLAUDE_HOSTS])],
  // Token ids of one tokenizer: with another they silence other words.
  ['logit_bias', OPENAI_HOSTS],
  // Every provider has its own tiers, at its own prices.
  ['service_tier', NOBODY],
  ['speed', NOBODY],
  // Model names, message ids and credits of one platform.
  ['fallbacks', NOBODY],
  ['fallback_credit_token', NOBODY],
  ['diagnostics', NOBODY],
  ['billing_policy', NOBODY],
  // OpenRouter's own routing.
  ['provider', OPENROUTER],
  ['route', OPENROUTER],
  ['transforms', OPENROUTER],
  ['models', OPENROUTER],
  ['plugins', OPENROUTER],
  ['preset', OPENROUTER],
  ['include_reasoning', OPENROUTER],
  // Gemini's, in OpenAI's format.
  ['extra_body', READS_EXTRA_CONTENT],
]);

/** One model's reasoning, as OpenAI-compatible providers put it into messages; the strict refuse it. */
export const REASONING_MEMBERS: readonly string[] = [
  'reasoning',
  'reasoning_content',
  'reasoning_details',
];

/** Content blocks of tools that Anthropic runs: their results are encrypted, their ids its own. */
export const HOSTED_BLOCK: RegExp = /^(?:server_tool_use|mcp_tool_use|fallback|.+_tool_result)$/;
/** Input items of tools that OpenAI runs. */
export const HOSTED_ITEM: RegExp =
  /^(?:web_search|file_search|code_interpreter|image_generation)_call$/;
/** Input items whose id nobody needs: they are told by `call_id` and place. */
export const ITEMS_WITH_LOOSE_ID: ReadonlySet<unknown> = new Set([
  'message',
  'function_call',
  'function_call_output',
  'custom_tool_call',
  'custom_tool_call_output',
]);

/** Parameters that refer to what a provider keeps: without it the request means something else. */
export const STATE: ReadonlyMap<string, (value: unknown) => boolean> = new Map([
  ['previous_response_id', isGiven],
  ['conversation', isGiven],
  ['thread', isGiven],
  // An object is a stored prompt; a text is the prompt of a completion.
  ['prompt', (value) => isGiven(value) && typeof value === 'object' && !Array.isArray(value)],
  // Its answer is fetched later, by id.
  ['background', (value) => value === true],
  ['container', (value) => typeof value === 'string' || typeof Object(value).id === 'string'],
]);

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}
