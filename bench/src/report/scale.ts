import type { MemorySample } from '../scale/memory.ts';
import type { ScalePlan, ScaleSample } from '../scale/measure.ts';
import type { StackName } from '../stacks/index.ts';
import { environmentLines, type Environment } from './environment.ts';
import { figure, table } from './table.ts';

/** The scaling of one row of the mesh. */
export interface StackScale {
  readonly stack: StackName;
  readonly series: readonly { name: string; title: string; samples: readonly ScaleSample[] }[];
  readonly memory: readonly MemorySample[];
}

export interface ScaleReport {
  readonly environment: Environment;
  readonly plan: ScalePlan;
  readonly stacks: readonly StackScale[];
}

/** The scaling of the mesh as Markdown: a table for each series. */
export function scaleMarkdown({ environment, plan, stacks }: ScaleReport): string {
  return [
    '# How the cost of a call grows',
    '',
    ...environmentLines(environment),
    `- medians of ${plan.rounds} rounds of ${plan.measureMs} ms each, 64 in flight, 150 B`,
    '',
    ...stacks.flatMap((one) => stackSection(one)),
  ].join('\n');
}

function stackSection({ stack, series, memory }: StackScale): string[] {
  return [
    `## ${stack}`,
    '',
    ...series.flatMap(({ title, samples }) => seriesTable(title, samples)),
    ...table(
      ['Calls so far', 'server MiB'],
      memory.map(({ calls, serverMib }) => [calls.toLocaleString('en'), figure(serverMib)]),
    ),
    '',
  ];
}

/** The table of one series. */
export function seriesTable(title: string, samples: readonly ScaleSample[]): string[] {
  const header = [title, 'calls/s', 'p50 ms', 'p99 ms', 'server µs', 'client µs', 'server MiB'];
  const body = samples.map(({ at, callsPerSecond, p50, p99, serverUs, clientUs, serverMib }) =>
    [at.toLocaleString('en')].concat([callsPerSecond, p50, p99, serverUs, clientUs, serverMib].map(figure)),
  );
  return [...table(header, body), ''];
}
