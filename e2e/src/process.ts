import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '..', '..');

/**
 * Settings of Node's compile cache in a checkout, with which a process starts in half the time. Portable, so that another
 * checkout can start with a copy.
 */
export const compileCacheOf = (folder: string) => ({
  NODE_COMPILE_CACHE: join(folder, 'node_modules/.cache/node-compile-cache'),
  NODE_COMPILE_CACHE_PORTABLE: '1',
});

/** A line of JSON that a process logged. */
export type LogLine = Readonly<Record<string, unknown> & { level?: string; msg?: string }>;

/** A real process, with its output. */
export interface RunningProcess extends AsyncDisposable {
  readonly pid: number;
  /** Standard output and standard error. */
  output(): string;
  /** The lines of its log. */
  logged(): LogLine[];
  /** Resolves when it has ended, with its exit code or signal. */
  readonly ended: Promise<number | NodeJS.Signals>;
  signal(name: NodeJS.Signals): void;
}

/**
 * Starts Node with a file of this repository.
 *
 * @param environment In addition to PATH and HOME.
 * @param flags Of Node.
 * @param args Of the program.
 */
export function startNode(
  file: string,
  environment: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
  args: readonly string[] = [],
): RunningProcess {
  return startIn(root, [...flags, join(root, file), ...args], environment);
}

/** Starts Node in a folder, such as another checkout. @param args Flags, file, arguments. */
export function startIn(
  folder: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): RunningProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, args, {
    cwd: folder,
    env: { PATH, HOME, ...compileCacheOf(folder), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return watchProcess(child);
}

/** Follows a process that was started with pipes for its output. */
export function watchProcess(child: ChildProcess): RunningProcess {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  return {
    pid: child.pid ?? -1,
    output: () => chunks.join(''),
    logged: () => chunks.join('').split('\n').flatMap(parse),
    ended,
    signal: (name) => void child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

function parse(line: string): LogLine[] {
  if (!line.startsWith('{')) return [];
  try {
    return [JSON.parse(line) as LogLine];
  } catch {
    return [];
  }
}
