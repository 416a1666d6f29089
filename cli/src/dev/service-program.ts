import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@arcadium/mesh/config';
import { settingsOf } from '../workspace.ts';
import type { Ending, Instance, Program } from './kept.ts';
import { printLines, type PrintLine } from './lines.ts';

/** How long a service may take to finish the calls that run, in milliseconds; then it is killed. */
const stopPatienceMs = 10_000;

const endWithParent = pathToFileURL(join(import.meta.dirname, 'end-with-parent.ts')).href;

/** What a process prints first that its configuration keeps from starting. */
const [refusal = ''] = new ConfigError([]).message.split('\n');

/** What a service's processes have in common. */
export interface ServiceOptions {
  /** The repository. */
  readonly root: string;
  readonly print: PrintLine;
  /** Told of each process that starts, and that has ended. */
  readonly running: { started(name: string, pid: number): void; ended(pid: number): void };
  /** Fires when all is to end at once, whatever runs. */
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
      // With what Node compiled the last time a service starts in half of the time.
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile-cache'),
      ...process.env,
      ...outputSettings(name),
    },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // In a group of its own: Ctrl-C reaches us alone, and we end the services before their database.
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

/** Lines for people, in colour on a terminal, unless the user's own settings say otherwise. */
function outputSettings(name: string): Record<string, string> {
  const own = settingsOf(`services/${name}`);
  return {
    ...(!('LOG_FORMAT' in own) && { LOG_FORMAT: 'pretty' }),
    ...(process.stdout.isTTY && !('NO_COLOR' in own) && { FORCE_COLOR: '1' }),
  };
}
