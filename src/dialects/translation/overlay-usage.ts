import type { Usage } from '../../pipeline/settlement.js';
import type { DialectName } from '../dialect.js';
import { anthropicUsage, overlayUsage } from '../usage.js';

/** What an answer has reported so far: Anthropic's later figures replace its earlier ones, and leave out what stays. */
export function overlaid(earlier: Usage | undefined, later: Usage, from: DialectName): Usage {
  if (earlier === undefined || from !== 'anthropic-messages') return later;
  return anthropicUsage(overlayUsage(earlier.reported, later.reported)) ?? later;
}
