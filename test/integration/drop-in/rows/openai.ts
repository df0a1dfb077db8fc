import { openaiChatRows } from './openai-chat.js';
import { openaiErrorRows } from './openai-errors.js';
import { openaiFileRows } from './openai-files.js';
import { openaiOptionRows } from './openai-options.js';
import { openaiResourceRows } from './openai-resources.js';
import { openaiResponsesRows } from './openai-responses.js';
import { openaiStreamRows } from './openai-streams.js';
import { openaiSubclassRows } from './openai-subclasses.js';

/** Every behaviour of an OpenAI client that applications build on. */
export const openaiRows = [
  ...openaiChatRows,
  ...openaiStreamRows,
  ...openaiResponsesRows,
  ...openaiResourceRows,
  ...openaiFileRows,
  ...openaiOptionRows,
  ...openaiErrorRows,
  ...openaiSubclassRows,
];
