import { spawn, spawnSync } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { until } from './mesh.ts';
import { root, watchProcess } from './process.ts';

/** The configuration of Prometheus in this repository. */
export const prometheusFolder = join(root, 'docker/prometheus');

/** Whether suites that need Prometheus are skipped because it is not installed. In CI they fail instead. */
export const noPrometheus =
  !process.env['CI'] && spawnSync('promtool', ['--version'], { stdio: 'ignore' }).status !== 0;

/** Runs promtool in the folder of the configuration. */
export function promtool(args: readonly string[], input = ''): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync('promtool', args, {
    cwd: prometheusFolder,
    input,
    encoding: 'utf8',
  });
  return { status, output: `${stdout}${stderr}`.trim() };
}

/** A rule, as Prometheus' API has it. */
export type Rule = Readonly<{
  type: 'alerting' | 'recording';
  name: string;
  query: string;
  health: 'ok' | 'unknown' | 'err';
  lastError?: string;
  annotations?: Readonly<Record<string, string>>;
}>;

/** A running Prometheus. */
export interface TestPrometheus extends AsyncDisposable {
  /** Asks its API. @param path For example `query?query=up`. */
  ask<Data>(path: string): Promise<Data>;
  rules(): Promise<readonly Rule[]>;
}

/**
 * Starts Prometheus with the local configuration of this repository, but reading each second.
 *
 * @param targets Host and port of each service, in place of those of `npm run dev`; others are left out.
 */
export async function startPrometheus(targets: Readonly<Record<string, string>>): Promise<TestPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'arcadium-prometheus-'));
  await cp(prometheusFolder, folder, { recursive: true });
  const file = join(folder, 'prometheus.local.yml');
  const lines = (await readFile(file, 'utf8')).replaceAll('interval: 15s', 'interval: 1s').split('\n');
  const replaced = lines.flatMap((line) => {
    const [, service] = /targets: .*service: (\w+)/.exec(line) ?? [];
    const target = service === undefined ? undefined : targets[service];
    if (service === undefined) return [line];
    return target === undefined ? [] : [line.replace(/localhost:\d+/, target)];
  });
  await writeFile(file, replaced.join('\n'));
  const port = await findFreePort();
  const running = watchProcess(
    spawn(
      'prometheus',
      [
        `--config.file=${file}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
        '--enable-feature=exemplar-storage',
        // Of Debian's package; without its files the API answers all the same.
        '--web.console.templates=consoles',
      ],
      { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
    ),
  );
  const ask = async <Data>(path: string): Promise<Data> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/${path}`);
    const { data, error } = (await answer.json()) as { data: Data; error?: string };
    if (error !== undefined) throw new Error(`Prometheus: ${error}`);
    return data;
  };
  await until(
    () =>
      fetch(`http://127.0.0.1:${port}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      ),
    'Prometheus is ready',
    () => running.output(),
  );
  return {
    ask,
    rules: async () =>
      (await ask<{ groups: { rules: Rule[] }[] }>('rules')).groups.flatMap(({ rules }) => rules),
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
