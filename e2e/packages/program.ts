import { spawn } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/** What the tests need besides the repository's own packages; installed when they first run. */
export const tools = join(import.meta.dirname, 'tools');

interface ProgramOptions {
  readonly cwd: string;
  /** Path of a Node. @default the one that runs this */
  readonly node?: string | undefined;
  /** Added to the environment. @default nothing */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program with the given Node, to its end.
 *
 * @returns What it wrote, standard output and standard error together.
 * @throws Error with the same, unless it ended with 0.
 */
export async function program(
  [script = '', ...parameters]: readonly string[],
  { cwd, node = process.execPath, env = {} }: ProgramOptions,
): Promise<string> {
  const child = spawn(node, [script, ...parameters], {
    cwd,
    env: { ...inherited(), NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const written: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => written.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => written.push(chunk));
  const status = await new Promise<number | null>((resolve, reject) =>
    child.on('error', reject).on('close', resolve),
  );
  const output = Buffer.concat(written).toString();
  if (status !== 0) throw new Error(`${script} ${parameters.join(' ')} ended with ${status}:\n${output}`);
  return output;
}

/** The doors of a package that is installed there, such as `@arcadium/mesh/client`; its package.json lists them. */
export function doorsOf(folder: string, name: string): string[] {
  const text = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  const { exports } = JSON.parse(text) as { exports: Record<string, unknown> };
  const doors = Object.keys(exports).filter((door) => door !== './package.json');
  return doors.map((door) => `${name}${door.slice(1)}`);
}

/** The environment without what the runner of these tests sets for itself. */
function inherited(): NodeJS.ProcessEnv {
  const own = /^(VITEST|TEST|NODE_ENV|NODE_OPTIONS|FORCE_COLOR|npm_config_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !own.test(name)));
}

/** Runs the npm that runs these tests; see `program`. */
export function npm(parameters: readonly string[], cwd: string): Promise<string> {
  const { npm_execpath: script } = process.env;
  if (script === undefined) throw new Error('start this with `npm run test:packages`');
  return program([script, ...parameters, '--no-audit', '--no-fund'], { cwd });
}

/** Installs the tools as in their lock file, unless they are. */
export async function installTools(): Promise<void> {
  const installed = writtenAt('node_modules/.package-lock.json');
  if (installed < writtenAt('package-lock.json')) await npm(['ci', '--ignore-scripts'], tools);
}

function writtenAt(name: string): number {
  return statSync(join(tools, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** A Node of another version than the project's; `undefined` where npm has none for this machine. */
export function nodeOf(major: number): string | undefined {
  if (process.version.startsWith(`v${major}.`)) return process.execPath;
  const path = join(tools, 'node_modules', `node-${major}`, 'bin', 'node');
  return existsSync(path) ? path : undefined;
}
