import { describe, expect, it } from 'vitest';
import { recogniseOperation } from '../../../src/dialects/recognise.js';

describe('recogniseOperation', () => {
  it.each([
    ['/chat/completions', 'chat', 'openai-chat'],
    ['/responses', 'responses', 'openai-responses'],
    ['/completions', 'completions', 'openai-completions'],
    ['/embeddings', 'embeddings', 'openai-embeddings'],
    ['/v1/messages', 'messages', 'anthropic-messages'],
    ['/v1/messages?beta=true', 'messages', 'anthropic-messages'],
    ['https://api.openai.com/v1/chat/completions', 'chat', 'openai-chat'],
    [
      'https://x.openai.azure.com//openai/deployments/d/chat/completions?api-version=1',
      'chat',
      'openai-chat',
    ],
    [
      'https://x.openai.azure.com/openai/deployments/d/completions?api-version=1',
      'completions',
      'openai-completions',
    ],
    ['https://x.services.ai.azure.com/openai/v1/responses', 'responses', 'openai-responses'],
    ['http://localhost:11434/v1/embeddings', 'embeddings', 'openai-embeddings'],
    ['https://api.anthropic.com/v1/messages?beta=true', 'messages', 'anthropic-messages'],
    ['https://api.mistral.ai/v1/chat/completions#stream', 'chat', 'openai-chat'],
  ])('knows POST %s', (path, operation, dialect) => {
    expect(recogniseOperation('post', path, {})).toEqual({ operation, dialect });
    expect(recogniseOperation('POST', path, {})).toEqual({ operation, dialect });
  });

  it.each([
    ['post', '/chat/completions/id-1'],
    ['post', '/responses/r-1/cancel'],
    ['post', '/responses/compact'],
    ['post', '/v1/messages/count_tokens'],
    ['post', '/v1/messages/batches'],
    ['post', '/threads/t-1/messages'],
    ['post', '/moderations'],
    ['post', 'https://api.openai.com/v1/images/generations'],
    ['post', 'https://evil.example/?next=/chat/completions'],
    ['get', '/chat/completions'],
    ['delete', '/responses'],
    ['get', '/v1/messages'],
  ])('lets %s %s through', (method, path) => {
    expect(recogniseOperation(method, path, {})).toEqual({ operation: 'passthrough' });
  });

  it.each([[undefined], [null], ['{}'], [[]]])(
    'lets a body through that is no object: %j',
    (body) => {
      expect(recogniseOperation('post', '/chat/completions', body).operation).toBe('passthrough');
    },
  );
});
