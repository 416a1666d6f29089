import type { Options } from './options.ts';
import { describeEnvironment } from './report/environment.ts';
import { writeResult } from './report/results.ts';
import { tracingMarkdown, type TracingReport } from './report/tracing.ts';
import { fullTracing, measureTracing, quickTracing } from './tracing/measure.ts';

/**
 * Measures the cost of tracing, prints the table and writes the results.
 *
 * @returns Whether every row was measured completely.
 */
export async function runTracing({ quick }: Options, say: (line: string) => void): Promise<boolean> {
  const plan = quick ? quickTracing : fullTracing;
  const rows = await measureTracing('mesh-websocket', plan);
  const environment = describeEnvironment(['mesh-websocket']);
  const report: TracingReport = { environment, plan, rows };
  const stem = quick ? 'quick-tracing' : 'tracing';
  const markdown = tracingMarkdown(report);
  const written = [
    writeResult(`${stem}.md`, markdown),
    writeResult(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`),
  ];
  say(markdown);
  say(`written: ${written.join(', ')}`);
  return true;
}
