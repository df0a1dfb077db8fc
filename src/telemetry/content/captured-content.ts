/** A part of a message, as the schemas of the conventions have it; `type` says which. */
export interface ContentPart {
  readonly type: string;
  readonly [member: string]: unknown;
}

/** A message that was sent. */
export interface InputMessage {
  readonly role: string;
  readonly parts: readonly ContentPart[];
  readonly name?: string | undefined;
}

/** A message that was received. */
export interface OutputMessage extends InputMessage {
  readonly finish_reason: string;
}

/** A tool that the model was offered. */
export interface ToolDefinition {
  readonly type: string;
  readonly name: string;
  readonly [member: string]: unknown;
}

/** What was said, as the GenAI conventions spell it. */
export interface CapturedContent {
  readonly systemInstructions?: readonly ContentPart[] | undefined;
  readonly inputMessages?: readonly InputMessage[] | undefined;
  readonly outputMessages?: readonly OutputMessage[] | undefined;
  readonly toolDefinitions?: readonly ToolDefinition[] | undefined;
}
