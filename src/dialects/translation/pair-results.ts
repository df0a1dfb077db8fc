import type { Part, ToolCallPart, ToolResultPart, Turn } from './canonical-request.js';
import type { Losses } from './losses.js';

/**
 * Turns in which every call has its results right behind it, and every result its call, as all providers but one demand
 * it. A result that came later is moved up; a call or a result that stands alone is left out, and refused.
 */
export function pairResults(turns: readonly Turn[], losses: Losses): readonly Turn[] {
  if (!turns.some(({ parts }) => parts.some(isToolPart))) return turns;
  const owners = findOwners(turns, losses);
  const answered = new Set(owners.values());
  const paired: Turn[] = [];
  for (const [index, turn] of turns.entries()) {
    const kept = turn.parts.filter((part) => isKept(part, index, owners, losses));
    const left = kept.filter((part) => part.type !== 'tool-call' || answered.has(part));
    if (left.length < kept.length) losses.refuse('tool_call');
    if (left.length > 0 || turn.parts.length === 0) paired.push({ ...turn, parts: left });
    const results = lateResults(index, turn, owners);
    if (results.length > 0) paired.push({ role: 'user', parts: results });
  }
  return joined(paired);
}

interface Owner {
  readonly turn: number;
  readonly call: ToolCallPart;
}

/** Whose results they are; a result without a call is not in it. */
class Owners extends Map<ToolResultPart, ToolCallPart> {
  /** Where results stand that belong elsewhere, by the turn behind which they belong. */
  readonly late = new Map<number, ToolResultPart[]>();
}

function findOwners(turns: readonly Turn[], losses: Losses): Owners {
  const owners = new Owners();
  const open = new Map<string, Owner[]>();
  for (const [index, { role, parts }] of turns.entries()) {
    for (const part of parts) {
      if (part.type === 'tool-call' && role === 'assistant') {
        open.set(part.id, [...(open.get(part.id) ?? []), { turn: index, call: part }]);
      }
      if (part.type !== 'tool-result') continue;
      const owner = open.get(part.id)?.shift();
      if (owner === undefined) {
        losses.refuse('tool_result');
        continue;
      }
      owners.set(part, owner.call);
      if (owner.turn === index - 1) continue;
      owners.late.set(owner.turn, [...(owners.late.get(owner.turn) ?? []), part]);
    }
  }
  return owners;
}

function isKept(part: Part, index: number, owners: Owners, losses: Losses): boolean {
  if (part.type !== 'tool-result') return true;
  if (!owners.has(part)) return false;
  for (const results of owners.late.values()) {
    if (!results.includes(part)) continue;
    losses.change('tool_result_position');
    return false;
  }
  return index > 0;
}

function lateResults(index: number, { role }: Turn, { late }: Owners): readonly ToolResultPart[] {
  return role === 'assistant' ? (late.get(index) ?? []) : [];
}

/** The results of one turn's calls in one turn. */
function joined(turns: readonly Turn[]): readonly Turn[] {
  const all: Turn[] = [];
  for (const turn of turns) {
    const last = all.at(-1);
    if (last && isResults(last) && turn.role === 'user' && turn.parts.some(isResult)) {
      all[all.length - 1] = { ...turn, parts: [...last.parts, ...turn.parts] };
    } else all.push(turn);
  }
  return all;
}

function isResults({ role, parts }: Turn): boolean {
  return role === 'user' && parts.length > 0 && parts.every(isResult);
}

function isResult({ type }: Part): boolean {
  return type === 'tool-result';
}

function isToolPart({ type }: Part): boolean {
  return type === 'tool-call' || type === 'tool-result';
}
