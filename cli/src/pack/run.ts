import { spawnSync } from 'node:child_process';

/**
 * Runs a command and returns what it wrote to standard output.
 *
 * @throws Error with everything it wrote, unless it ended with 0.
 */
export function run(
  command: string,
  parameters: readonly string[],
  { cwd, env = process.env }: { cwd: string; env?: NodeJS.ProcessEnv },
): string {
  const { status, error, stdout, stderr } = spawnSync(command, parameters, { cwd, env, encoding: 'utf8' });
  if (status === 0) return stdout;
  throw new Error(
    `${[command, ...parameters].join(' ')} failed:\n${error?.message ?? ''}${stdout ?? ''}${stderr ?? ''}`,
  );
}

/** Runs the npm that runs this script, with the project's Node; see `run`. */
export function npm(parameters: readonly string[], cwd: string): string {
  const { npm_execpath: script } = process.env;
  if (script === undefined) throw new Error('start this with `npm run`');
  return run(process.execPath, [script, ...parameters], { cwd });
}
