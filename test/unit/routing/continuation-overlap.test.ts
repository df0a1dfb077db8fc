import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  ASKED,
  ECHOED,
  type Manner,
  OverlapCutter,
  PREFILLED,
} from '../../../src/routing/continuation/overlap.js';

/** What is handed over behind what was said, of new text that comes in pieces. */
function cut(said: string, pieces: readonly string[], manner: Manner = ASKED): string {
  const cutter = new OverlapCutter(said, manner);
  return pieces.map((piece) => cutter.push(piece)).join('') + cutter.end();
}

/** A text in pieces of these lengths. */
function split(text: string, lengths: readonly number[]): string[] {
  const pieces: string[] = [];
  let at = 0;
  for (const length of lengths) {
    pieces.push(text.slice(at, at + length));
    at += length;
  }
  return [...pieces, text.slice(at)];
}

/** Few letters and spaces: they repeat themselves often. */
const narrow = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n'), maxLength: 200 });
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.lorem({ maxCount: 60 }),
  narrow,
);
const lengths = fc.array(fc.nat({ max: 12 }), { maxLength: 40 });

/** Whether the new text begins with a longer tail of what was said than the one that was repeated. */
function looksLonger(said: string, fresh: string, overlap: number): boolean {
  // White space before a repetition counts to it.
  const lead = fresh.length - fresh.trimStart().length;
  for (let length = overlap + 1; length <= said.length + lead; length += 1) {
    if (fresh.startsWith(said.slice(-length)) && length <= said.length) return true;
    const trimmed = length - lead;
    if (trimmed > 0 && fresh.slice(lead).startsWith(said.slice(-trimmed))) return true;
  }
  return false;
}

describe('the text behind an answer that broke', () => {
  it('is what the whole answer would have been, for any text, cut and repetition', () => {
    fc.assert(
      fc.property(texts, fc.nat(), fc.nat(), lengths, (text, cutAt, repeated, sizes) => {
        const at = cutAt % (text.length + 1);
        fc.pre(at >= ASKED.minTail);
        const overlap = ASKED.minTail + (repeated % (at - ASKED.minTail + 1));
        const said = text.slice(0, at);
        const fresh = text.slice(at - overlap);
        // Where more of the text is the same by chance, nobody can tell how much was repeated.
        fc.pre(!looksLonger(said, fresh, overlap));

        expect(said + cut(said, split(fresh, sizes))).toBe(text);
      }),
      { numRuns: 3_000 },
    );
  });

  it('has nothing taken out but a beginning that repeats the end', () => {
    fc.assert(
      fc.property(narrow, narrow, lengths, (said, fresh, sizes) => {
        const handedOver = cut(said, split(fresh, sizes));

        expect(fresh.endsWith(handedOver)).toBe(true);
        const taken = fresh.slice(0, fresh.length - handedOver.length);
        expect(said.endsWith(taken) || said.endsWith(taken.trimStart())).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it('is the same however it is cut into pieces', () => {
    fc.assert(
      fc.property(narrow, narrow, lengths, (said, fresh, sizes) => {
        expect(cut(said, split(fresh, sizes))).toBe(cut(said, [fresh]));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each<[what: string, said: string, fresh: string, handedOver: string]>([
    ['seven characters are chance', 'a b-c-d-', ' b-c-d- e', ' b-c-d- e'],
    ['eight are not', 'a b-c-d-e', ' b-c-d-e f', ' f'],
    ['the last word counts by itself', 'the quick bro', 'brown fox', 'wn fox'],
    ['but not the end of a word', 'the quick brown', 'own fox', 'own fox'],
    ['two letters are no word', 'it is', 'isolated', 'isolated'],
    ['white space is not doubled', 'a:\n', '\n\nb', '\nb'],
    ['white space of another kind stays', 'a ', '\tb', '\tb'],
    ['white space before a repetition goes with it', 'one two three', '\n two three four', ' four'],
    ['an answer that begins with white space, begun anew without', '\n\nabc d', 'abc d e', ' e'],
    ['all of a short answer', 'Hel', 'Hello', 'lo'],
  ])('follows the rule: %s', (_what, said, fresh, handedOver) => {
    expect(cut(said, [fresh])).toBe(handedOver);
    expect(cut(said, [...fresh])).toBe(handedOver);
  });

  it.each<[what: string, manner: Manner, said: string, fresh: string, handedOver: string]>([
    [
      'goes on by itself: rows of a table are its own',
      PREFILLED,
      '| a |\n| - | - | - ',
      '| - | - |',
      '| - | - |',
    ],
    [
      'goes on by itself: a long repetition is none',
      PREFILLED,
      `x ${'abcd '.repeat(8)}`,
      `${'abcd '.repeat(8)}e`,
      'e',
    ],
    ['says all of it once more, however short', ECHOED, 'I', 'I am', ' am'],
  ])('knows a target that %s', (_what, manner, said, fresh, handedOver) => {
    expect(cut(said, [fresh], manner)).toBe(handedOver);
  });

  it('is recognised where the whole of a long answer is said again', () => {
    const said = Array.from({ length: 5_000 }, (_, index) => `word ${index}`).join(', ');

    expect(cut(said, split(`${said}, and so on`, lengthsOf(said, 37)))).toBe(', and so on');
  });

  it('is held back only for as long as it may be a repetition', () => {
    const cutter = new OverlapCutter('one two three', ASKED);

    expect(['tw', 'o th', 'en', ' four'].map((piece) => cutter.push(piece))).toEqual([
      '',
      '',
      'two then',
      ' four',
    ]);
    expect(cutter.swallowed).toBe(0);
  });

  it.each([
    [60, true],
    [20, false],
  ])(
    'is told apart from an answer begun anew that goes another way: after %i characters',
    (same, isAnew) => {
      const said = Array.from({ length: 30 }, (_, index) => `word ${index}`).join(', ');
      const cutter = new OverlapCutter(said, ASKED);
      cutter.push(`${said.slice(0, same)} and then`);

      expect(cutter.hasStartedOver).toBe(isAnew);
    },
  );
});

function lengthsOf(text: string, size: number): number[] {
  return Array.from({ length: Math.ceil(text.length / size) }, () => size);
}
