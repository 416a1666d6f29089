import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { patienceFor, type Operations, type Reply, type Request } from './operations.ts';

/** A child process, as seen by its parent. */
export interface Child extends AsyncDisposable {
  /** @throws Error with the child's message on failure, when it ended, or when it did not answer in time. */
  ask<Name extends keyof Operations>(
    operation: Name,
    ...argument: Parameters<Operations[Name]>
  ): ReturnType<Operations[Name]>;
}

const program = fileURLToPath(new URL('child.ts', import.meta.url));

/** How long a child may take to end, in milliseconds; writing a profile takes a moment. */
const patienceMs = 5000;

const running = new Set<ChildProcess>();
// Children end with this process in any case.
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** Whether a process can be pinned to these cores: on Linux with `taskset`, if the cores exist. */
export function canPin(cores: string): boolean {
  return spawnSync('taskset', ['-c', cores, 'true']).status === 0;
}

/** The server has one core, and the client has the others. */
export const serverCores = '0';
export const clientCores = availableParallelism() > 2 ? `1-${availableParallelism() - 1}` : '1';

/**
 * Starts a child process.
 *
 * @param options.cores Cores in `taskset` format, if available.
 * @default any
 * @param options.profileDir Folder for a CPU profile at exit.
 * @default none
 */
export function spawnChild(options: { cores?: string; profileDir?: string; name: string }): Child {
  const { cores, profileDir, name } = options;
  const profile =
    profileDir === undefined
      ? []
      : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`, `--cpu-prof-name=${name}.cpuprofile`];
  const node = [process.execPath, '--disable-warning=ExperimentalWarning', ...profile, program];
  const pinned = cores !== undefined && canPin(cores) ? ['taskset', '-c', cores, ...node] : node;
  const [command = '', ...rest] = pinned;
  const child = spawn(command, rest, {
    // Output at start does not matter; errors do.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  });
  running.add(child);

  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  let ended: Error | undefined;
  const end = (error: Error): void => {
    ended ??= error;
    running.delete(child);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  child.on('error', end);
  child.on('exit', (code, signal) => end(new Error(`${name} ended (${signal ?? code})`)));
  child.on('message', (reply: Reply) => {
    const asker = waiting.get(reply.id);
    waiting.delete(reply.id);
    if ('error' in reply) asker?.reject(new Error(`${name}: ${reply.error}`));
    else asker?.resolve(reply.answer);
  });

  return {
    ask<Name extends keyof Operations>(operation: Name, ...[argument]: Parameters<Operations[Name]>) {
      const reply = Promise.withResolvers<unknown>();
      if (ended) {
        reply.reject(ended);
        return reply.promise as ReturnType<Operations[Name]>;
      }
      asked += 1;
      const request: Request = { id: asked, operation, argument };
      waiting.set(request.id, reply);
      child.send(request);
      const impatience = setTimeout(() => {
        reply.reject(new Error(`${name} did not ${operation} in time`));
      }, patienceFor(request));
      return reply.promise.finally(() => clearTimeout(impatience)) as ReturnType<Operations[Name]>;
    },
    async [Symbol.asyncDispose]() {
      if (ended) return;
      const exited = once(child, 'exit');
      child.disconnect();
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await exited;
      clearTimeout(impatience);
    },
  };
}
