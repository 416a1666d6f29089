import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ConfigError } from '@arcadium/mesh/config';
import { z } from 'zod';
import { otlpPort, settingsOf } from '../workspace.ts';
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

/** A service as a program: `node src/main.ts` in its folder, with Node's options from its script `start`. */
export function serviceProgram(name: string, options: ServiceOptions): Program {
  return { name, start: async () => startService(name, options) };
}

function startService(name: string, { root, print, running, hurry }: ServiceOptions): Instance {
  const folder = join(root, 'services', name);
  const child = spawn(process.execPath, ['--import', endWithParent, ...startArguments(folder)], {
    cwd: folder,
    env: {
      // With Node's compile cache, a service starts in half the time.
      NODE_COMPILE_CACHE: join(root, 'node_modules/.cache/node-compile-cache'),
      NODE_COMPILE_CACHE_PORTABLE: '1',
      ...process.env,
      ...developmentSettings(name),
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

const manifest = z.object({ scripts: z.object({ start: z.string().optional() }).optional() });

/** The arguments of `node` in a service's script `start`. @default `src/main.ts` */
function startArguments(folder: string): string[] {
  const { scripts } = manifest.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  const [, options = ''] = /^node ((?:--\S+ )*)src\/main\.ts$/.exec(scripts?.start ?? '') ?? [];
  return [...options.split(' ').filter((option) => option !== ''), 'src/main.ts'];
}

/**
 * Pretty log lines, in colour on a terminal; traces and logs go to the dashboard; and, as long as only this machine reaches
 * them, open contracts and a public dashboard. The user's settings come first.
 */
function developmentSettings(name: string): Record<string, string> {
  const own = settingsOf(`services/${name}`);
  const isLocal = ['127.0.0.1', '::1', 'localhost'].includes(own['HOST'] ?? '127.0.0.1');
  const defaults = {
    LOG_FORMAT: 'pretty',
    OTEL_EXPORTER_OTLP_ENDPOINT: `${own['TLS_CERT_FILE'] ? 'https' : 'http'}://127.0.0.1:${otlpPort()}`,
    ...(isLocal && { CONTRACT_ACCESS: 'open' }),
    ...(isLocal && name === 'dashboard' && { PUBLIC_VIEW: 'true', EXPLORER: 'open' }),
    ...(process.stdout.isTTY && !('NO_COLOR' in own) && { FORCE_COLOR: '1' }),
  };
  return Object.fromEntries(Object.entries(defaults).filter(([setting]) => !(setting in own)));
}
