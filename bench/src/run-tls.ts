import { loadavg } from 'node:os';
import type { Options } from './options.ts';
import { describeEnvironment } from './report/environment.ts';
import { writeResult } from './report/results.ts';
import { tlsMarkdown, type TlsReport } from './report/tls.ts';
import { fullTls, measureTls, quickTls } from './tls/measure.ts';

/**
 * Measures the cost of TLS between services, prints the table and writes the results.
 *
 * @returns Whether every row was measured completely.
 */
export async function runTls({ quick }: Options, say: (line: string) => void): Promise<boolean> {
  const plan = quick ? quickTls : fullTls;
  const average = () => loadavg()[2] ?? Number.NaN;
  const before = average();
  const figures = await measureTls(plan, say);
  const environment = describeEnvironment(['mesh-websocket', 'mesh-http']);
  const report: TlsReport = { environment, plan, load: [before, average()], ...figures };
  const stem = quick ? 'quick-tls' : 'tls';
  const markdown = tlsMarkdown(report);
  const written = [
    writeResult(`${stem}.md`, markdown),
    writeResult(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`),
  ];
  say(markdown);
  say(`written: ${written.join(', ')}`);
  return true;
}
