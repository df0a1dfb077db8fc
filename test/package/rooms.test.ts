import { readdirSync, readFileSync } from 'node:fs';
import { basename, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './repository.js';

/** The rooms of `src`, lowest first. A room imports from the layers under its own, and from itself. */
const LAYERS: readonly (readonly string[])[] = [
  ['pipeline'],
  ['dialects', 'transport', 'stores'],
  ['sdk'],
  ['routing'],
  ['cache', 'limits', 'budgets', 'guardrails', 'prompts', 'logs', 'telemetry', 'pricing', 'stats'],
  ['gateway'],
  ['client'],
  ['index', 'anthropic'],
];
/** Published on its own: it knows no other room, and no other room knows it. */
const APART = 'testing';
const MAX_LINES = 300;

interface Arrow {
  readonly file: string;
  readonly from: string;
  readonly specifier: string;
  /** The room of a relative import, `undefined` for a package. */
  readonly to: string | undefined;
}

const layerOf = (room: string): number => LAYERS.findIndex((layer) => layer.includes(room));

/** `routing/breaker.ts` is in `routing`; `gateway.ts` is the room `gateway`. */
const roomOf = (file: string): string => (file.split('/')[0] ?? '').replace(/\.[jt]s$/, '');

function listArrows(file: string, source: string): readonly Arrow[] {
  const specifiers = source.matchAll(
    /^\s*(?:import|export)\b[^'";]*?\bfrom\s*['"]([^'"]+)['"]|^\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/gm,
  );
  return Array.from(specifiers, (match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? '';
    const to = specifier.startsWith('.')
      ? roomOf(posix.join(posix.dirname(file), specifier))
      : undefined;
    return { file, from: roomOf(file), specifier, to };
  });
}

/** Says what is wrong with an arrow, or nothing. */
function judgeArrow({ from, to, specifier }: Arrow): string | undefined {
  if (specifier.startsWith('zerohop')) return 'the package imports itself by name';
  if (to === undefined) {
    const isTelemetry = from === 'telemetry' || !specifier.startsWith('@opentelemetry/');
    return isTelemetry ? undefined : 'only telemetry imports OpenTelemetry';
  }
  if (from === to) return undefined;
  if (from === APART || to === APART) return `${APART} stands apart`;
  if (layerOf(from) < 0 || layerOf(to) < 0) return 'a room that has no place in LAYERS';
  return layerOf(to) < layerOf(from) ? undefined : 'arrows run downward only';
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => file.endsWith('.ts'));
const read = (file: string): string => readFileSync(join(root, 'src', file), 'utf8');

describe('the rooms of src', () => {
  it('imports downward only', () => {
    const wrong = files
      .flatMap((file) => listArrows(file, read(file)))
      .map((arrow) => ({ arrow, fault: judgeArrow(arrow) }))
      .filter(({ fault }) => fault !== undefined)
      .map(({ arrow, fault }) => `src/${arrow.file} → ${arrow.specifier}: ${fault}`);

    expect(wrong).toEqual([]);
  });

  it('names files in kebab-case', () => {
    const wrong = files.filter(
      (file) => !/^[a-z0-9]+(-[a-z0-9]+)*(\.d)?\.ts$/.test(basename(file)),
    );

    expect(wrong).toEqual([]);
  });

  it(`keeps every file within ${MAX_LINES} lines`, () => {
    const wrong = files
      .map((file) => ({ file, lines: read(file).trimEnd().split('\n').length }))
      .filter(({ lines }) => lines > MAX_LINES);

    expect(wrong).toEqual([]);
  });
});

describe('the scan itself', () => {
  const source = `
import { a } from '../pipeline/a.js';
import type { B } from './b.js';
import {
  c,
} from "../../x/c.js";
export { d } from '../gateway.js';
import 'node:fs';
const e = await import('../testing/index.js');`;

  it('finds every form of import', () => {
    const found = listArrows('routing/file.ts', source).map(({ specifier, to }) => [specifier, to]);

    expect(found).toEqual([
      ['../pipeline/a.js', 'pipeline'],
      ['./b.js', 'routing'],
      ['../../x/c.js', '..'],
      ['../gateway.js', 'gateway'],
      ['node:fs', undefined],
      ['../testing/index.js', 'testing'],
    ]);
  });

  it.each([
    ['client', '../gateway.js', undefined],
    ['gateway', './routing/x.js', undefined],
    ['routing', '../sdk/x.js', undefined],
    ['transport', '../pipeline/x.js', undefined],
    ['pipeline', '../dialects/x.js', 'arrows run downward only'],
    ['transport', '../dialects/x.js', 'arrows run downward only'],
    ['cache', '../limits/x.js', 'arrows run downward only'],
    ['gateway', './client/x.js', 'arrows run downward only'],
    ['index', './testing/x.js', 'testing stands apart'],
    ['testing', '../pipeline/x.js', 'testing stands apart'],
    ['routing', '../helpers/x.js', 'a room that has no place in LAYERS'],
    ['routing', '@opentelemetry/api', 'only telemetry imports OpenTelemetry'],
    ['telemetry', '@opentelemetry/api', undefined],
    ['cache', 'zerohop', 'the package imports itself by name'],
  ])('judges %s → %s: %s', (from, specifier, fault) => {
    const to = specifier.startsWith('.') ? roomOf(specifier.replace(/^\.+\//, '')) : undefined;

    expect(judgeArrow({ file: `${from}.ts`, from, specifier, to })).toBe(fault);
  });
});
