import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DEFINITIONS } from '../../../src/telemetry/metrics.js';
import {
  COST,
  COST_ALIASES,
  OWN_EVENTS,
  RESEND_COUNT,
  ZEROHOP,
} from '../../../src/telemetry/names.js';
import { ATTRIBUTES, EVENTS, METRICS } from '../../../src/telemetry/semconv.js';

const text = readFileSync(new URL('../../../docs/telemetry.md', import.meta.url), 'utf8');
/** `.name` after another name stands for that name with its last part replaced. */
const listed = new Set<string>();
for (const line of text.split('\n')) {
  let last = '';
  for (const [, name = ''] of line.matchAll(/`([^`\s]+)`/g)) {
    const whole = name.startsWith('.') ? last.replace(/\.[^.]+$/, name) : name;
    listed.add(whole.replace(/\*$/, ''));
    if (!name.startsWith('.')) last = name;
  }
}

describe('docs/telemetry.md', () => {
  it.each([
    ['attributes', Object.values(ATTRIBUTES)],
    ['our own attributes', [...Object.values(ZEROHOP), ...Object.values(COST), RESEND_COUNT]],
    ['aliases', Object.values(COST_ALIASES)],
    ['events', [...Object.values(EVENTS), ...Object.values(OWN_EVENTS)]],
    ['metrics', Object.values(METRICS).map(({ name }) => name)],
    ['our own metrics', Object.values(DEFINITIONS).map(({ name }) => name)],
  ])('lists all %s', (_kind, names) => {
    expect(names.filter((name) => !listed.has(name))).toEqual([]);
  });
});
