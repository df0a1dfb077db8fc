import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { root } from './repository.js';

/** Made once for a connection or a store, and kept: there it is right. */
const LONG_LIVED: ReadonlySet<string> = new Set([
  'limits/bottleneck.ts',
  'limits/shared/ioredis.ts',
  'stores/keyv-store.ts',
]);

/**
 * Where a function expression stands directly to the right of an assignment to a member (`a.b = () => …`). V8 takes
 * such a function for a method and makes it in the old space at once (its parser calls it "pretenured"): what it
 * captures, a whole call, then survives every young collection until the next full one. By way of a variable, as a
 * member of an object literal or as a field of a class it is made like anything else.
 */
function pretenuredIn(name: string, text: string): readonly string[] {
  const file = ts.createSourceFile(name, text, ts.ScriptTarget.Latest, true);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isBinaryExpression(node) && isAssignment(node) && isMember(node.left)) {
      if (isFunction(node.right)) {
        const { line } = file.getLineAndCharacterOfPosition(node.getStart());
        found.push(`${name}:${line + 1} ${node.left.getText()}`);
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function isAssignment({ operatorToken: { kind } }: ts.BinaryExpression): boolean {
  return kind >= ts.SyntaxKind.FirstAssignment && kind <= ts.SyntaxKind.LastAssignment;
}

function isMember(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) || ts.isElementAccessExpression(node);
}

function isFunction(node: ts.Node): boolean {
  if (ts.isParenthesizedExpression(node)) return isFunction(node.expression);
  return ts.isArrowFunction(node) || ts.isFunctionExpression(node);
}

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter(
  (file) => file.endsWith('.ts') && !file.startsWith('testing') && !LONG_LIVED.has(file),
);

describe('what a call makes is short-lived', () => {
  it.each([
    ['a.b = () => 1;', 1],
    ['class A { #b; constructor() { this.#b ??= (function () {}); } }', 1],
    ["a['b'] = async () => 1;", 1],
    ['const f = () => 1; a.b = f; const o = { b: () => 1 }; class A { b = () => 1; }', 0],
  ])('%s', (text, count) => {
    expect(pretenuredIn('sample.ts', text)).toHaveLength(count);
  });

  it('holds for all sources', () => {
    const found = files.flatMap((file) =>
      pretenuredIn(file, readFileSync(join(root, 'src', file), 'utf8')),
    );
    expect(found).toEqual([]);
  });
});
