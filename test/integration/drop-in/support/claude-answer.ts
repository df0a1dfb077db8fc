/** What the fake Claude answers on Bedrock and Vertex. */
export const claudeMessage = {
  id: 'msg_cloud',
  type: 'message',
  role: 'assistant',
  model: 'claude-sonnet-4-6',
  content: [{ type: 'text', text: 'hello from the cloud' }],
  stop_reason: 'end_turn',
  stop_sequence: null,
  usage: { input_tokens: 3, output_tokens: 5 },
} as const;

const started = { ...claudeMessage, content: [], stop_reason: null };

/** The same as the events of a stream. */
export const claudeEvents: readonly {
  readonly type: string;
  readonly [member: string]: unknown;
}[] = [
  { type: 'message_start', message: started },
  { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
  ...['hello ', 'from ', 'the ', 'cloud'].map((text) => ({
    type: 'content_block_delta',
    index: 0,
    delta: { type: 'text_delta', text },
  })),
  { type: 'content_block_stop', index: 0 },
  {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: 5 },
  },
  { type: 'message_stop' },
];
