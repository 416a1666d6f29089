import type { TokenPlan, TokenRow } from '../tokens/measure.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface TokenReport {
  readonly environment: Environment;
  readonly plan: TokenPlan;
  readonly rows: readonly TokenRow[];
}

/** The cost of verifying a token as Markdown. */
export function tokensMarkdown({ environment, plan, rows }: TokenReport): string {
  return [
    '# What it costs to verify a token',
    '',
    ...environmentLines(environment),
    `- medians of ${plan.rounds} rounds of ${plan.tokens} service tokens (EdDSA) each; each row takes its turn in every round`,
    '',
    ...table(
      ['', 'CPU µs a token', '/ mesh'],
      rows.map(({ name, cpuUs, ratio }) => [name, figure(cpuUs), `${figure(ratio)}×`]),
    ),
    '',
  ].join('\n');
}
