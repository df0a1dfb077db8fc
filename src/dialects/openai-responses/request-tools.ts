import { isObject, type JsonObject, list, text } from '../json.js';
import type { Tool, ToolChoice } from '../translation/canonical-request.js';
import type { Losses } from '../translation/losses.js';
import { flag, given, isGiven, schemaIn, string } from '../translation/values.js';

/** Members of a tool that no other dialect has. `allowed_callers` is neutral where the model itself is one. */
const RESPONSES_ONLY = ['defer_loading', 'async', 'output_schema', 'allowed_callers'] as const;

/** Reads the application's own tools; those that OpenAI runs are refused. */
export function readTools(tools: unknown, losses: Losses): readonly Tool[] {
  return list(tools).flatMap((tool) => (isObject(tool) ? readTool(tool, losses) : []));
}

/** Reads what tool is to be called. */
export function readToolChoice(choice: unknown, losses: Losses): ToolChoice | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice };
  if (!isObject(choice)) return undefined;
  switch (choice.type) {
    case 'function':
    case 'custom':
      return { type: 'tool', name: string(choice.name) ?? '' };
    case 'allowed_tools':
      return {
        type: 'allowed',
        mode: choice.mode === 'required' ? 'required' : 'auto',
        // The hosted ones among them have no name; they were refused as tools.
        names: list(choice.tools).flatMap((tool) => (isObject(tool) && text(tool.name)) || []),
      };
    default:
      losses.refuse('hosted_tools');
      return undefined;
  }
}

function readTool(tool: JsonObject, losses: Losses): readonly Tool[] {
  const { type, name, description, parameters, strict, format } = tool;
  if (type !== 'function' && type !== 'custom') {
    losses.refuse('hosted_tools');
    return [];
  }
  for (const member of RESPONSES_ONLY) {
    if (says(member, tool[member])) losses.drop(member);
  }
  const known = { name: string(name) ?? '', description: text(description) };
  return type === 'custom'
    ? [given({ kind: type, ...known, format: formatIn(format) })]
    : [given({ kind: type, ...known, schema: schemaIn(parameters), strict: flag(strict) })];
}

function says(member: string, value: unknown): boolean {
  if (member === 'allowed_callers')
    return list(value).length > 0 && !list(value).includes('direct');
  return isGiven(value) && value !== false;
}

function formatIn(format: unknown): JsonObject | undefined {
  return isObject(format) && format.type !== 'text' ? format : undefined;
}
