import { readMessagesRequest } from '../../../../src/dialects/anthropic-messages/request-reader.js';
import { writeMessagesRequest } from '../../../../src/dialects/anthropic-messages/request-writer.js';
import { readChatRequest } from '../../../../src/dialects/openai-chat/request-reader.js';
import { writeChatRequest } from '../../../../src/dialects/openai-chat/request-writer.js';
import { readResponsesRequest } from '../../../../src/dialects/openai-responses/request-reader.js';
import { writeResponsesRequest } from '../../../../src/dialects/openai-responses/request-writer.js';
import type { TranslatedDialect } from '../../../../src/dialects/translation/canonical-request.js';
import type {
  RequestReader,
  RequestWriter,
} from '../../../../src/dialects/translation/request-codec.js';

/** Reader and writer of requests in each dialect. */
export const codecs: Readonly<
  Record<TranslatedDialect, { readonly read: RequestReader; readonly write: RequestWriter }>
> = {
  'openai-chat': { read: readChatRequest, write: writeChatRequest },
  'openai-responses': { read: readResponsesRequest, write: writeResponsesRequest },
  'anthropic-messages': { read: readMessagesRequest, write: writeMessagesRequest },
};
