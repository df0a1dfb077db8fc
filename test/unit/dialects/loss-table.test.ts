import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import {
  ANSWER_LOSSES,
  READING_LOSSES,
  WRITING_LOSSES,
} from '../../fixtures/translation/loss-table.js';

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
