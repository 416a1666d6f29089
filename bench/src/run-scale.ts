import type { Options } from './options.ts';
import { describeEnvironment } from './report/environment.ts';
import { writeResult } from './report/results.ts';
import { scaleMarkdown, seriesTable, type ScaleReport, type StackScale } from './report/scale.ts';
import { fullScale, measureSeries, quickScale, type ScalePlan } from './scale/measure.ts';
import { measureMemory } from './scale/memory.ts';
import { series } from './scale/series.ts';
import { meshNames, type StackName } from './stacks/index.ts';

/**
 * Measures how the mesh's cost grows, prints the tables and writes the results.
 *
 * @returns Whether every row was measured completely.
 */
export async function runScale({ quick, only }: Options, say: (line: string) => void): Promise<boolean> {
  const names = meshNames.filter((name) => only?.includes(name) ?? true);
  const plan = quick ? quickScale : fullScale;
  const stacks: StackScale[] = [];
  for (const name of names) {
    try {
      stacks.push(await scaleOf(name, plan, say));
    } catch (error) {
      say(`FAILED ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const report: ScaleReport = { environment: describeEnvironment(names), plan, stacks };
  const stem = quick || only ? 'quick-scale' : 'scale';
  const written = [
    writeResult(`${stem}.md`, scaleMarkdown(report)),
    writeResult(`${stem}.json`, `${JSON.stringify(report, null, 2)}\n`),
  ];
  say(`written: ${written.join(', ')}`);
  return names.length > 0 && stacks.length === names.length;
}

async function scaleOf(stack: StackName, plan: ScalePlan, say: (line: string) => void): Promise<StackScale> {
  const measured: StackScale['series'][number][] = [];
  for (const one of series) {
    const samples = await measureSeries(stack, one, plan);
    measured.push({ name: one.name, title: one.title, samples });
    say(`\n${stack}\n${seriesTable(one.title, samples).join('\n')}`);
  }
  return { stack, series: measured, memory: await measureMemory(stack, plan.memoryCalls, say) };
}
