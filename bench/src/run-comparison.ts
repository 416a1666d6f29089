import { compare } from './compare/compare.ts';
import { fullPlan, headline, profilePlan, quickPlan, titleOf } from './compare/plan.ts';
import { summarise } from './compare/summary.ts';
import type { Options } from './options.ts';
import { comparisonMarkdown, scenarioTable, type ComparisonReport } from './report/comparison.ts';
import { describeEnvironment } from './report/environment.ts';
import { comparisonPlot } from './report/plot.ts';
import { profileDir, writeResult } from './report/results.ts';
import { meshNames, referenceNames, stackNames } from './stacks/index.ts';

/**
 * Compares the rows, prints the tables and writes the results.
 *
 * @returns Whether every row was measured completely.
 */
export async function runComparison(options: Options, say: (line: string) => void): Promise<boolean> {
  const { quick, profile, only } = options;
  const names = only ?? (profile ? meshNames : stackNames);
  const plan = profile ? profilePlan : quick ? quickPlan : fullPlan;
  const comparison = await compare(names, plan, { say, profileDir: profile ? profileDir : undefined });

  const references = referenceNames.filter((name) => names.includes(name));
  const report: ComparisonReport = {
    environment: describeEnvironment(names),
    plan,
    comparison,
    rows: plan.scenarios.flatMap((scenario) => summarise(comparison.measurements, scenario, references)),
    references,
  };
  for (const scenario of plan.scenarios) {
    say(['', titleOf(scenario), '', ...scenarioTable(report, scenario)].join('\n'));
  }
  // Only a complete run may replace the committed figures.
  const stem = quick || profile || only ? 'quick' : 'results';
  const written = [
    writeResult(`${stem}.md`, comparisonMarkdown(report)),
    writeResult(`${stem}.json`, `${JSON.stringify({ ...report, headline }, null, 2)}\n`),
    writeResult(`${stem}.svg`, comparisonPlot(report)),
  ];
  say(`\nwritten: ${written.join(', ')}${profile ? `, and profiles in ${profileDir}` : ''}`);
  for (const { stack, reason } of comparison.failures) say(`FAILED ${stack}: ${reason}`);
  return comparison.failures.length === 0;
}
