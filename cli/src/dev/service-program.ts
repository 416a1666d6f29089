import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@arcadium/mesh/config';
import { settingsOf } from '../workspace.ts';
import type { Ending, Instance, Program } from './kept.ts';
import { printLines, type PrintLine } from './lines.ts';

/** How long a service may take to finish calls in progress, in milliseconds, before it is killed. */
const stopPatienceMs = 10_000;

const endWithParent = pathToFileURL(join(import.meta.dirname, 'end-with-parent.ts')).href;

/** First line that a process with an invalid configuration prints. */
const [refusal = ''] = new ConfigError([]).message.split('\n');

export interface ServiceOptions {
  readonly root: string;
  readonly print: PrintLine;
  /** Notified of each process that starts and ends. */
  readonly running: { started(name: string, pid: number): void; ended(pid: number): void };
  /** Fires when everything must stop at once, even with calls in progress. */
  readonly hurry: AbortSignal;
}

/** A service as a program: `node src/main.ts` in its folder. */
export function serviceProgram(name: string, options: ServiceOptions): Program {
  return { name, start: async () => startService(name, options) };
}

function startService(name: string, { root, print, running, hurry }: ServiceOptions): Instance {
  const child = spawn(process.execPath, ['--import', endWithParent, 'src/main.ts'], {
    cwd: join(root, 'services', name),
    env: {
      // With Node's compile cache, a service starts in half the time.
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile-cache'),
      ...process.env,
      ...outputSettings(name),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In its own process group: Ctrl-C reaches only the supervisor, which stops the services before their
    // database.
    detached: process.platform !== 'win32',
  });
  let refused = false;
  const printOwn = (line: string) => {
    refused ||= line.includes(refusal);
    print(line);
  };
  for (const output of [child.stdout, child.stderr]) if (output) printLines(name, output, printOwn);
  const { pid } = child;
  if (pid !== undefined) running.started(name, pid);
  const ended = new Promise<Ending>((resolve) => {
    child.once('error', ({ message }) => resolve({ how: `an error: ${message}`, cause: 'exit' }));
    child.once('close', (code, signal) => {
      if (pid !== undefined) running.ended(pid);
      if (signal !== null) resolve({ how: signal, cause: 'signal' });
      else resolve({ how: `exit code ${code}`, cause: refused ? 'configuration' : 'exit' });
    });
  });
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    const late = AbortSignal.any([hurry, AbortSignal.timeout(stopPatienceMs)]);
    const kill = () => void child.kill('SIGKILL');
    if (late.aborted) kill();
    else late.addEventListener('abort', kill, { once: true });
    await ended;
    late.removeEventListener('abort', kill);
  };
  return { ended, stop };
}

/** Pretty log lines, in colour on a terminal, unless the user's settings say otherwise. */
function outputSettings(name: string): Record<string, string> {
  const own = settingsOf(`services/${name}`);
  return {
    ...(!('LOG_FORMAT' in own) && { LOG_FORMAT: 'pretty' }),
    ...(process.stdout.isTTY && !('NO_COLOR' in own) && { FORCE_COLOR: '1' }),
  };
}
