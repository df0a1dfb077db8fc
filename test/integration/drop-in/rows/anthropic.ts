import { anthropicMessageRows } from './anthropic-messages.js';
import { anthropicResourceRows } from './anthropic-resources.js';

/** Every behaviour of an Anthropic client that applications build on. */
export const anthropicRows = [...anthropicMessageRows, ...anthropicResourceRows];
