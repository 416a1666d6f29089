import type { Options } from './options.ts';
import { describeEnvironment } from './report/environment.ts';
import { writeResult } from './report/results.ts';
import { servicesMarkdown, type ServicesReport } from './report/services.ts';
import { measureServices, type ServicesPlan } from './services/measure.ts';

/** Less than three minutes. */
const fullPlan: ServicesPlan = { sizes: [100, 10_000], rounds: 7, warmUpMs: 1500, measureMs: 300 };

/** Shows that it works; too short for figures. */
const quickPlan: ServicesPlan = { sizes: [100, 1000], rounds: 2, warmUpMs: 200, measureMs: 100 };

/**
 * Measures procedures of the three services, prints the table and writes the results.
 *
 * @returns Whether every row was measured to the end.
 */
export async function runServices(
  { quick, serviceRows }: Options,
  say: (line: string) => void,
): Promise<boolean> {
  const plan = quick ? quickPlan : fullPlan;
  const rows = await measureServices(plan, say, serviceRows);
  const environment = describeEnvironment([], ['@prisma/client', 'pg']);
  const machine = { ...environment.machine, pinned: false };
  const report: ServicesReport = { environment: { ...environment, machine }, plan, rows };
  const stem = quick || serviceRows ? 'quick-services' : 'services';
  const markdown = servicesMarkdown(report);
  const written = [
    writeResult(`${stem}.md`, markdown),
    writeResult(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`),
  ];
  say(markdown);
  say(`written: ${written.join(', ')}`);
  return true;
}
