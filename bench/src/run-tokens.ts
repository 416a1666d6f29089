import type { Options } from './options.ts';
import { describeEnvironment } from './report/environment.ts';
import { writeResult } from './report/results.ts';
import { tokensMarkdown, type TokenReport } from './report/tokens.ts';
import { measureTokens } from './tokens/measure.ts';

/**
 * Measures the cost of verifying tokens, prints the table and writes the results.
 *
 * @returns Whether every row was measured completely.
 */
export async function runTokens({ quick }: Options, say: (line: string) => void): Promise<boolean> {
  const plan = quick ? { rounds: 5, tokens: 200 } : { rounds: 25, tokens: 1000 };
  const rows = await measureTokens(plan);
  const environment = describeEnvironment([], ['fast-jwt', 'jose']);
  // Everything runs in this process.
  const machine = { ...environment.machine, pinned: false };
  const report: TokenReport = { environment: { ...environment, machine }, plan, rows };
  const stem = quick ? 'quick-tokens' : 'tokens';
  const markdown = tokensMarkdown(report);
  const written = [
    writeResult(`${stem}.md`, markdown),
    writeResult(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`),
  ];
  say(markdown);
  say(`written: ${written.join(', ')}`);
  return true;
}
