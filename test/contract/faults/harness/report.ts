import type { SdkName } from './sdks.js';

/** How urgent a case is. */
export type Priority = 'P0' | 'P1' | 'P2';
/** How a case went. */
export type Verdict = 'passed' | 'failed' | 'unimplemented';

interface Row {
  readonly id: string;
  readonly priority: Priority;
  readonly title: string;
  readonly runs: Map<SdkName, Verdict[]>;
}

const order: readonly Verdict[] = ['failed', 'unimplemented', 'passed'];

/** What all cases came to. */
export class Report {
  readonly #rows = new Map<string, Row>();

  /** Notes that a case is to be run. */
  expect(id: string, priority: Priority, title: string): void {
    if (!this.#rows.has(id)) this.#rows.set(id, { id, priority, title, runs: new Map() });
  }

  /** Notes that a run begins, and until it is told otherwise counts it as failed. */
  begin(id: string, sdk: SdkName): (verdict: Verdict) => void {
    const runs = this.#rows.get(id)?.runs;
    const verdicts = runs?.get(sdk) ?? [];
    runs?.set(sdk, verdicts);
    const index = verdicts.push('failed') - 1;
    return (verdict) => {
      verdicts[index] = verdict;
    };
  }

  /** Cases of a priority, with the worst that happened to each. */
  #verdicts(priority: Priority): readonly (readonly [string, Verdict])[] {
    return [...this.#rows.values()]
      .filter((row) => row.priority === priority && row.runs.size > 0)
      .map(({ id, runs }) => [id, worst([...runs.values()].flat())] as const);
  }

  /** Ids of a priority that did not pass. */
  missed(priority: Priority): readonly string[] {
    return this.#verdicts(priority).flatMap(([id, verdict]) => (verdict === 'passed' ? [] : [id]));
  }

  /** Share of a priority that passed. */
  share(priority: Priority): number {
    const all = this.#verdicts(priority);
    return all.length === 0 ? 1 : 1 - this.missed(priority).length / all.length;
  }

  /** The table: a line a case, a column an SDK; several runs of a case in one cell. */
  table(names: readonly SdkName[]): string {
    const rows = [...this.#rows.values()].sort((a, b) => rank(a.id) - rank(b.id));
    const lines = rows.map(({ id, priority, title, runs }) => [
      id,
      priority,
      ...names.map((name) => cell(runs.get(name))),
      title,
    ]);
    const total = (['P0', 'P1', 'P2'] as const).map((priority) => {
      const all = this.#verdicts(priority);
      return `${priority}: ${all.length - this.missed(priority).length} of ${all.length} passed`;
    });
    return [...align([['case', '', ...names, ''], ...lines]), total.join(', ')].join('\n');
  }
}

function worst(verdicts: readonly Verdict[]): Verdict {
  return order.find((verdict) => verdicts.includes(verdict)) ?? 'unimplemented';
}

function cell(verdicts: readonly Verdict[] | undefined): string {
  if (verdicts === undefined) return '-';
  const verdict = worst(verdicts);
  const count = verdicts.filter((one) => one === verdict).length;
  return verdicts.length === 1 ? verdict : `${verdict} ${count}/${verdicts.length}`;
}

function rank(id: string): number {
  return 'THSBXRCLD'.indexOf(id.slice(0, 1)) * 1000 + Number.parseInt(id.slice(1), 10);
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) => row.map((text, column) => text.padEnd(widths[column] ?? 0)).join('  '));
}
