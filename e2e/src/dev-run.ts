import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileCacheOf, root } from './process.ts';
import { until } from './mesh.ts';

/** A running `npm run dev` of a checkout. */
export interface DevRun extends AsyncDisposable {
  /** npm's process id. */
  readonly pid: number;
  /** The lines printed so far. */
  lines(): string[];
  /** Waits for a line after the given position. */
  says(text: string, from?: number): Promise<void>;
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts `npm run dev`, with the repository's Node first in the path. */
export function startDev(folder: string): DevRun {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn('npm', ['run', 'dev'], {
    cwd: folder,
    env: {
      PATH: `${join(root, 'node_modules/.bin')}:${PATH}`,
      HOME,
      ...compileCacheOf(folder),
      npm_config_update_notifier: 'false',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  const ended = new Promise<number | NodeJS.Signals>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal ?? -1));
  });
  const lines = () => chunks.join('').split('\n').slice(0, -1);
  return {
    pid: child.pid ?? -1,
    lines,
    ended,
    says: (text, from = 0) =>
      until(
        () =>
          lines()
            .slice(from)
            .some((line) => line.includes(text)),
        `it says "${text}"`,
        () => lines().join('\n'),
      ),
    async [Symbol.asyncDispose]() {
      // npm, its shell and the supervisor are one process group; after npm has ended, the supervisor is left.
      tryKill(-(child.pid ?? 0), 'SIGTERM');
      await ended;
    },
  };
}

/** The record of a checkout's supervisor and its processes. */
export function recordOf(folder: string): { pid?: number; processes: Record<string, number> } {
  const path = join(folder, '.data', 'dev.json');
  if (!existsSync(path)) return { processes: {} };
  const { pid, processes } = JSON.parse(readFileSync(path, 'utf8')) as {
    pid: number;
    processes: { name: string; pid: number }[];
  };
  return { pid, processes: Object.fromEntries(processes.map((one) => [one.name, one.pid])) };
}

export function tryKill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has already ended.
  }
}
