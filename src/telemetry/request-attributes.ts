import type { CallContext } from '../pipeline/call-context.js';
import type { GatewayRequest } from '../pipeline/contract.js';
import type { AttributeBag } from './attribute-bag.js';
import { ATTRIBUTES } from './semconv.js';

type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = {};

/** The members of a JSON object; none of what is no object. */
export function membersOf(value: unknown): Json {
  // Any object can be asked for members that may not be there.
  return typeof value === 'object' && value !== null ? (value as Json) : NOTHING;
}

/** Providers whose calls carry `openai.*`. */
export function isOpenai(provider: string): boolean {
  return provider === 'openai' || provider === 'azure.ai.openai';
}

/** What a request asks for, where it says so. */
export function addRequestAttributes(
  bag: AttributeBag,
  request: GatewayRequest,
  call: CallContext,
): void {
  const body = membersOf(request.body);
  if (request.operation === 'embeddings') {
    const format = body.encoding_format;
    bag.texts(ATTRIBUTES.requestEncodingFormats, typeof format === 'string' ? [format] : format);
    bag.whole(ATTRIBUTES.embeddingsDimensionCount, body.dimensions);
    return;
  }
  if (request.operation === 'passthrough') return;
  addSampling(bag, body);
  bag.text(ATTRIBUTES.requestReasoningLevel, reasoningLevel(body));
  bag.text(ATTRIBUTES.requestPreviousResponseId, body.previous_response_id);
  if (request.stream) bag.set(ATTRIBUTES.requestStream, true);
  bag.text(ATTRIBUTES.outputType, outputType(body));
  bag.text(ATTRIBUTES.conversationId, conversationId(body, call));
  const prompt = membersOf(body.prompt);
  bag.text(ATTRIBUTES.promptName, prompt.id);
  if (prompt.id !== undefined) bag.text(ATTRIBUTES.promptVersion, prompt.version);
}

function addSampling(bag: AttributeBag, body: Json): void {
  const limit = body.max_completion_tokens ?? body.max_output_tokens ?? body.max_tokens;
  bag.whole(ATTRIBUTES.requestMaxTokens, limit);
  bag.number(ATTRIBUTES.requestTemperature, body.temperature);
  bag.number(ATTRIBUTES.requestTopP, body.top_p);
  bag.whole(ATTRIBUTES.requestTopK, body.top_k);
  const stop = body.stop ?? body.stop_sequences;
  bag.texts(ATTRIBUTES.requestStopSequences, typeof stop === 'string' ? [stop] : stop);
  bag.number(ATTRIBUTES.requestFrequencyPenalty, body.frequency_penalty);
  bag.number(ATTRIBUTES.requestPresencePenalty, body.presence_penalty);
  bag.whole(ATTRIBUTES.requestSeed, body.seed);
  if (body.n !== 1) bag.whole(ATTRIBUTES.requestChoiceCount, body.n);
}

/** What is OpenAI's own; nothing for other providers that speak its dialect. */
export function addOpenaiRequest(
  bag: AttributeBag,
  request: GatewayRequest,
  provider: string,
): void {
  if (!isOpenai(provider)) return;
  const { operation } = request;
  if (operation === 'chat') bag.set(ATTRIBUTES.openaiApiType, 'chat_completions');
  // What is passed through and has a name in the conventions is a response that is fetched.
  if (operation === 'responses' || operation === 'passthrough') {
    bag.set(ATTRIBUTES.openaiApiType, 'responses');
  }
  if (operation === 'passthrough' || operation === 'embeddings') return;
  const tier = membersOf(request.body).service_tier;
  if (tier !== 'auto') bag.text(ATTRIBUTES.openaiRequestServiceTier, tier);
}

function reasoningLevel(body: Json): unknown {
  return (
    body.reasoning_effort ??
    membersOf(body.reasoning).effort ??
    membersOf(body.output_config).effort
  );
}

function conversationId(body: Json, call: CallContext): unknown {
  const { conversation } = body;
  const given = typeof conversation === 'string' ? conversation : membersOf(conversation).id;
  return given ?? call.metadata[ATTRIBUTES.conversationId];
}

/** What the answer is to be, where the request names a format. */
function outputType(body: Json): string | undefined {
  const { modalities } = body;
  if (Array.isArray(modalities) && modalities.includes('audio')) return 'speech';
  const format =
    body.response_format ??
    membersOf(body.text).format ??
    membersOf(body.output_config).format ??
    body.output_format;
  const type = membersOf(format).type;
  if (type === 'text') return 'text';
  return type === 'json_object' || type === 'json_schema' ? 'json' : undefined;
}
