import type { TracingPlan, TracingRow } from '../tracing/measure.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

export interface TracingReport {
  readonly environment: Environment;
  readonly plan: TracingPlan;
  readonly rows: readonly TracingRow[];
}

/** The cost of tracing as Markdown. */
export function tracingMarkdown({ environment, plan, rows }: TracingReport): string {
  return [
    '# What tracing costs',
    '',
    ...environmentLines(environment),
    `- calls over a WebSocket, 64 in flight, each the beginning of a trace; client and server both trace. Medians of ${plan.starts} starts of all processes, each with ${plan.rounds} rounds of ${plan.calls} calls in which every row takes its turn`,
    '',
    ...table(
      ['tracing', 'CPU µs a call', '/ off'],
      rows.map(({ name, cpuUs, ratio }) => [name, figure(cpuUs), `${ratio.toFixed(3)}×`]),
    ),
    '',
  ].join('\n');
}
