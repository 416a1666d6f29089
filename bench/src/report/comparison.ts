import type { Comparison } from '../compare/compare.ts';
import { titleOf, type Plan, type Scenario } from '../compare/plan.ts';
import { costOf, type Row } from '../compare/summary.ts';
import { stacks, type StackName } from '../stacks/index.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface ComparisonReport {
  readonly environment: Environment;
  readonly plan: Plan;
  readonly comparison: Comparison;
  readonly rows: readonly Row[];
  /** The rows that ratios refer to. */
  readonly references: readonly StackName[];
}

/** A comparison as Markdown: a table for each scenario, fastest first. */
export function comparisonMarkdown(report: ComparisonReport): string {
  const { environment, plan, comparison } = report;
  return [
    '# One call, side by side',
    '',
    ...environmentLines(environment),
    `- medians of ${plan.rounds} rounds of ${plan.measureMs} ms each; how to read them: [bench/README.md](../README.md)`,
    '',
    ...comparison.failures.map(({ stack, reason }) => `**${stack} failed:** ${reason.split('\n')[0]}\n`),
    ...plan.scenarios.flatMap((scenario) => section(report, scenario)),
  ].join('\n');
}

function section(report: ComparisonReport, scenario: Scenario): string[] {
  return [`## ${titleOf(scenario)}`, '', ...scenarioTable(report, scenario), ''];
}

const columns = ['stack', 'calls/s', 'p50 µs', 'p95 µs', 'p99 µs', 'server µs', 'client µs', 'both µs'];

/** The table of one scenario. */
export function scenarioTable({ rows, references }: ComparisonReport, scenario: Scenario): string[] {
  const shown = rows
    .filter((row) => row.scenario === scenario)
    .toSorted((a, b) => b.median.callsPerSecond - a.median.callsPerSecond);
  const ratioColumns = references.flatMap((name) => [`speed / ${name}`, `CPU / ${name}`]);
  return table(
    [...columns, ...ratioColumns],
    shown.map((row) => [stacks[row.stack].label].concat(figuresOf(row), ratiosOf(row, references))),
  );
}

function figuresOf({ median }: Row): string[] {
  const { callsPerSecond, p50, p95, p99, serverUs, clientUs } = median;
  const latenciesUs = [p50, p95, p99].map((ms) => ms * 1000);
  return [callsPerSecond, ...latenciesUs, serverUs, clientUs, costOf(median)].map(figure);
}

function ratiosOf({ ratios }: Row, references: readonly StackName[]): string[] {
  return references.flatMap((reference) => {
    const { speed = Number.NaN, cost = Number.NaN } = ratios[reference] ?? {};
    return [`${figure(speed)}×`, `${figure(cost)}×`];
  });
}
