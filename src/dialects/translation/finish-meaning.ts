/** What a finish reason means, whoever's word it is. */
export type FinishMeaning = 'stop' | 'stop_sequence' | 'length' | 'tools' | 'filter' | 'pause';

const MEANINGS: ReadonlyMap<string, FinishMeaning> = new Map([
  ['stop', 'stop'],
  ['end_turn', 'stop'],
  ['completed', 'stop'],
  ['eos', 'stop'],
  ['stop_sequence', 'stop_sequence'],
  ['length', 'length'],
  ['max_tokens', 'length'],
  ['max_output_tokens', 'length'],
  ['model_context_window_exceeded', 'length'],
  ['model_length', 'length'],
  ['tool_calls', 'tools'],
  ['tool_use', 'tools'],
  ['function_call', 'tools'],
  ['content_filter', 'filter'],
  ['refusal', 'filter'],
  ['pause_turn', 'pause'],
  ['compaction', 'pause'],
]);

/**
 * The meaning of a finish reason. OpenAI says `stop` where a tool was forced, and Responses only says `completed`: an
 * answer with calls in it waits for their results.
 */
export function finishMeaning(reason: string, hasCalls: boolean): FinishMeaning {
  const meaning = MEANINGS.get(reason) ?? 'stop';
  return hasCalls && (meaning === 'stop' || meaning === 'pause') ? 'tools' : meaning;
}
