import { type Route, route } from '../route.js';
import { speech, transcription } from './audio.js';
import { cancelBatch, createBatch, listBatches, retrieveBatch } from './batches.js';
import { chat } from './chat.js';
import { completions } from './completions.js';
import { embeddings } from './embeddings.js';
import { createFile, deleteFile, fileContent, listFiles, retrieveFile } from './files.js';
import { images } from './images.js';
import { deleteModel, listModels, retrieveModel } from './models.js';
import { moderations } from './moderations.js';
import {
  cancelResponse,
  countInputTokens,
  createResponse,
  deleteResponse,
  listInputItems,
  retrieveResponse,
} from './responses.js';
import { addUploadPart, cancelUpload, completeUpload, createUpload } from './uploads.js';

/** OpenAI's endpoints. */
export const openaiRoutes: readonly Route[] = [
  route('openai', 'POST /chat/completions', chat),
  route('openai', 'POST /completions', completions),
  route('openai', 'POST /embeddings', embeddings),
  route('responses', 'POST /responses', createResponse),
  route('responses', 'POST /responses/input_tokens', countInputTokens),
  route('responses', 'GET /responses/:id', retrieveResponse),
  route('responses', 'DELETE /responses/:id', deleteResponse),
  route('responses', 'POST /responses/:id/cancel', cancelResponse),
  route('responses', 'GET /responses/:id/input_items', listInputItems),
  route('openai', 'GET /models', listModels),
  route('openai', 'GET /models/:id', retrieveModel),
  route('openai', 'DELETE /models/:id', deleteModel),
  route('openai', 'POST /files', createFile),
  route('openai', 'GET /files', listFiles),
  route('openai', 'GET /files/:id', retrieveFile),
  route('openai', 'DELETE /files/:id', deleteFile),
  route('openai', 'GET /files/:id/content', fileContent),
  route('openai', 'POST /uploads', createUpload),
  route('openai', 'POST /uploads/:id/parts', addUploadPart),
  route('openai', 'POST /uploads/:id/complete', completeUpload),
  route('openai', 'POST /uploads/:id/cancel', cancelUpload),
  route('openai', 'POST /images/(?:generations|edits|variations)', images),
  route('openai', 'POST /audio/speech', speech),
  route('openai', 'POST /audio/(?:transcriptions|translations)', transcription),
  route('openai', 'POST /batches', createBatch),
  route('openai', 'GET /batches', listBatches),
  route('openai', 'GET /batches/:id', retrieveBatch),
  route('openai', 'POST /batches/:id/cancel', cancelBatch),
  route('openai', 'POST /moderations', moderations),
];
