import { createRequire } from 'node:module';
import Anthropic from '@anthropic-ai/sdk';
import { betaZodTool } from '@anthropic-ai/sdk/helpers/beta/zod';
import { zodOutputFormat } from '@anthropic-ai/sdk/helpers/zod';
import OpenAI, { AzureOpenAI, toFile } from 'openai';
import { zodFunction, zodResponseFormat, zodTextFormat } from 'openai/helpers/zod';
import { Stream } from 'openai/streaming';
import OpenAI6, { AzureOpenAI as AzureOpenAI6, toFile as toFile6 } from 'openai-6';
import {
  zodFunction as zodFunction6,
  zodResponseFormat as zodResponseFormat6,
  zodTextFormat as zodTextFormat6,
} from 'openai-6/helpers/zod';
import { Stream as Stream6 } from 'openai-6/streaming';

/** One copy of the OpenAI SDK. */
export interface OpenAISdk {
  readonly name: string;
  readonly OpenAI: typeof OpenAI;
  readonly AzureOpenAI: typeof AzureOpenAI;
  readonly toFile: typeof toFile;
  readonly Stream: typeof Stream;
  readonly zodFunction: typeof zodFunction;
  readonly zodResponseFormat: typeof zodResponseFormat;
  readonly zodTextFormat: typeof zodTextFormat;
}

/** One copy of the Anthropic SDK. */
export interface AnthropicSdk {
  readonly name: string;
  readonly Anthropic: typeof Anthropic;
  readonly betaZodTool: typeof betaZodTool;
  readonly zodOutputFormat: typeof zodOutputFormat;
}

const load = createRequire(import.meta.url);

export const openai7: OpenAISdk = {
  name: 'openai 7, ESM',
  OpenAI,
  AzureOpenAI,
  toFile,
  Stream,
  zodFunction,
  zodResponseFormat,
  zodTextFormat,
};

// Rows use what both majors have; their types are nominal for their private members.
export const openai6 = {
  name: 'openai 6, ESM',
  OpenAI: OpenAI6,
  AzureOpenAI: AzureOpenAI6,
  toFile: toFile6,
  Stream: Stream6,
  zodFunction: zodFunction6,
  zodResponseFormat: zodResponseFormat6,
  zodTextFormat: zodTextFormat6,
} as unknown as OpenAISdk;

function loadOpenAI(name: string, specifier: 'openai' | 'openai-6'): OpenAISdk {
  const { OpenAI, AzureOpenAI, toFile } = load(specifier);
  const { zodFunction, zodResponseFormat, zodTextFormat } = load(`${specifier}/helpers/zod`);
  const { Stream } = load(`${specifier}/streaming`);
  return {
    name,
    OpenAI,
    AzureOpenAI,
    toFile,
    Stream,
    zodFunction,
    zodResponseFormat,
    zodTextFormat,
  };
}

export const openai7cjs = loadOpenAI('openai 7, CJS', 'openai');
export const openai6cjs = loadOpenAI('openai 6, CJS', 'openai-6');
export const openaiSdks: readonly OpenAISdk[] = [openai7, openai7cjs, openai6, openai6cjs];

export const anthropic1: AnthropicSdk = {
  name: 'anthropic 1, ESM',
  Anthropic,
  betaZodTool,
  zodOutputFormat,
};
export const anthropic1cjs: AnthropicSdk = {
  name: 'anthropic 1, CJS',
  Anthropic: load('@anthropic-ai/sdk').Anthropic,
  betaZodTool: load('@anthropic-ai/sdk/helpers/beta/zod').betaZodTool,
  zodOutputFormat: load('@anthropic-ai/sdk/helpers/zod').zodOutputFormat,
};
export const anthropicSdks: readonly AnthropicSdk[] = [anthropic1, anthropic1cjs];
