import { type Route, route } from '../route.js';
import {
  batchResults,
  cancelBatch,
  createBatch,
  deleteBatch,
  listBatches,
  retrieveBatch,
} from './batches.js';
import { countTokens, messages } from './messages.js';
import { listModels, retrieveModel } from './models.js';

/** Anthropic's endpoints; the beta ones differ by query only. */
export const anthropicRoutes: readonly Route[] = [
  route('anthropic', 'POST /messages', messages),
  route('anthropic', 'POST /messages/count_tokens', countTokens),
  route('anthropic', 'POST /messages/batches', createBatch),
  route('anthropic', 'GET /messages/batches', listBatches),
  route('anthropic', 'GET /messages/batches/:id', retrieveBatch),
  route('anthropic', 'DELETE /messages/batches/:id', deleteBatch),
  route('anthropic', 'POST /messages/batches/:id/cancel', cancelBatch),
  route('anthropic', 'GET /messages/batches/:id/results', batchResults),
  route('anthropic', 'GET /models', listModels),
  route('anthropic', 'GET /models/:id', retrieveModel),
];
