/** What a number is to be. */
export interface Goal {
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly below?: number;
  readonly unit?: string;
}

const misses: string[] = [];

/** Three digits, or all of a whole part that is longer. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return '-';
  const size = Math.abs(value);
  if (size >= 1_000) return Math.round(value).toLocaleString('en');
  return value.toFixed(size >= 100 || value === 0 ? 0 : size >= 10 ? 1 : 2);
}

export function ratio(value: number): string {
  return Number.isFinite(value) ? `${value.toFixed(2)}×` : '';
}

/** Two cells: the goal, and whether it is met or by how much it is missed. Misses are listed at the end. */
export function judge(
  name: string,
  value: number,
  { atMost, atLeast, below, unit = '' }: Goal,
): [string, string] {
  const [sign, limit] =
    atLeast !== undefined
      ? ['≥', atLeast]
      : below !== undefined
        ? ['<', below]
        : ['≤', atMost ?? Number.NaN];
  const text = `${sign} ${number(limit)}${unit}`;
  const met =
    atLeast !== undefined ? value >= limit : below !== undefined ? value < limit : value <= limit;
  if (met) return [text, 'pass'];
  misses.push(`${name}: ${number(value)}${unit}, goal ${text}`);
  return [text, `MISS (${number(value)}${unit})`];
}

/** Two cells for what must hold: a `false` is something broken, not a slow machine. */
export function mustHold(name: string, holds: boolean, detail = ''): [string, string] {
  if (!holds) {
    process.exitCode = 1;
    misses.push(`${name}: BROKEN ${detail}`);
  }
  return ['must hold', holds ? 'pass' : `BROKEN ${detail}`];
}

export function printTable(
  title: string,
  columns: readonly string[],
  rows: readonly (readonly string[])[],
): void {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => row[index]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const width = widths[index] ?? 0;
        return index === 0 || index >= columns.length - 2
          ? cell.padEnd(width)
          : cell.padStart(width);
      })
      .join('  ')
      .trimEnd();
  console.log(`\n## ${title}\n`);
  console.log(line(columns));
  console.log(widths.map((width) => '-'.repeat(width)).join('  '));
  for (const row of rows) console.log(line(row));
}

export function printMisses(): void {
  console.log(
    misses.length === 0 ? '\nEvery goal is met.' : `\nGoals missed:\n- ${misses.join('\n- ')}`,
  );
}
