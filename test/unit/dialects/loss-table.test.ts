import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Losses } from '../../../src/dialects/translation/losses.js';
import {
  ANSWER_LOSSES,
  type LossRow,
  READING_LOSSES,
  WRITING_LOSSES,
} from '../../fixtures/translation/loss-table.js';
import { codecs } from './support/codecs.js';

const document = readFileSync(new URL('../../../docs/translation.md', import.meta.url), 'utf8');
const dialects = fileURLToPath(new URL('../../../src/dialects/', import.meta.url));
const sourcesOf = (dialect: string) =>
  readdirSync(`${dialects}${dialect}`).map((file) =>
    readFileSync(`${dialects}${dialect}/${file}`, 'utf8'),
  );
const KINDS = { drop: 'dropped', change: 'changed', refuse: 'refused' } as const;

const folders = Object.entries(READING_LOSSES).map(([dialect, reading]) => ({
  dialect,
  rows: [
    ...reading,
    ...Object.entries(WRITING_LOSSES).flatMap(([to, rows]) => (to === dialect ? rows : [])),
  ],
}));

describe.each(folders)('the loss table of $dialect', ({ dialect, rows }) => {
  it('has every name that its reader and its writer give, and how', () => {
    const given = sourcesOf(dialect).flatMap((source) => [
      ...source.matchAll(/losses\.(drop|change|refuse)\('([a-z_]+)'\)/g),
    ]);
    const missing = given.filter(([, kind, name]) =>
      rows.every(
        (row) => row.name !== name || !row.kinds.includes(KINDS[kind as keyof typeof KINDS]),
      ),
    );

    expect(missing.map(([call]) => call)).toEqual([]);
  });

  it('has every name that its answer writer gives', () => {
    const known = new Set(ANSWER_LOSSES.map(([name]) => name));
    const given = sourcesOf(dialect).flatMap((source) => [
      ...source.matchAll(/lost\.add\('([a-z_]+)'\)/g),
    ]);

    expect(given.map(([, name]) => name).filter((name) => !known.has(name ?? ''))).toEqual([]);
  });
});

it('has every name that requests are fitted with before they are written', () => {
  const rows = Object.values(WRITING_LOSSES).flat();
  const given = sourcesOf('translation').flatMap((source) => [
    ...source.matchAll(/losses\.(drop|change|refuse)\('([a-z_]+)'\)/g),
  ]);
  const missing = given.filter(
    ([, kind, name]) =>
      !rows.some(
        (row) => row.name === name && row.kinds.includes(KINDS[kind as keyof typeof KINDS]),
      ),
  );

  expect(given).not.toEqual([]);
  expect(missing.map(([call]) => call)).toEqual([]);
});

/** The rows of the table under a heading of the document, without its head. */
function documented(heading: string): readonly string[] {
  const [, section = ''] = document.split(`\n### ${heading}\n`);
  const [own = ''] = section.split(/^#/m);
  const lines = own.split('\n').filter((line) => line.startsWith('|'));
  return lines.slice(2);
}

const written = ({ name, kinds, why }: LossRow) => `| \`${name}\` | ${kinds.join(', ')} | ${why} |`;

describe('docs/translation.md', () => {
  it.each(Object.entries(WRITING_LOSSES))('has the table of what is written in %s', (to, rows) => {
    expect(documented(`Written in \`${to}\``)).toEqual(rows.map(written));
  });

  it.each(Object.entries(READING_LOSSES))('has the table of what is read from %s', (from, rows) => {
    expect(documented(`Read from \`${from}\``)).toEqual(rows.map(written));
  });

  it('has the table of answers', () => {
    expect(documented('In answers')).toEqual(
      ANSWER_LOSSES.map(([name, why]) => `| \`${name}\` | ${why} |`),
    );
  });

  it.each([
    ['openai-responses', ['previous_response_id', 'conversation', 'prompt']],
    [
      'anthropic-messages',
      ['container', 'mcp_servers', 'context_management', 'compaction', 'thread', 'inference_geo'],
    ],
  ] as const)('names what of %s is refused by its own name', (dialect, names) => {
    for (const name of names) {
      const losses = new Losses();
      codecs[dialect].read({ [name]: { id: 'kept' } }, losses);

      expect(losses.list()).toContainEqual({ kind: 'refused', name });
      expect(document).toContain(`\`${name}\``);
    }
  });
});
