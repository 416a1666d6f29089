import { spawn } from 'node:child_process';
import { mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { json, readConfig } from '@arcadium/mesh/config';
import { jwks } from '@arcadium/mesh/identity';
import { request } from 'undici';
import { lookAtAll, waitUntilHealthy } from '../health.ts';
import { toService } from '../tls.ts';
import { root, serviceUrls, settingsOf } from '../workspace.ts';

/** The mesh that the demo runs on. */
export interface RunningMesh extends AsyncDisposable {
  readonly urls: ReadonlyMap<string, readonly string[]>;
  /** Whether it was started for the demo, and is stopped with it. */
  readonly own: boolean;
}

/** The services of the story; the others, such as the dashboard, may be away. */
const needed: readonly string[] = ['auth', 'notification', 'wiki'];

/** Longest wait for a healthy mesh, in milliseconds. */
const patienceMs = 120_000;

/**
 * Finds the running mesh, or starts one, which stops when this is disposed of.
 *
 * @param interrupted Rejects when the demo is interrupted.
 * @throws Error if not all services become healthy.
 */
export async function findMesh(interrupted: Promise<never>): Promise<RunningMesh> {
  const urls = new Map([...serviceUrls()].filter(([name]) => needed.includes(name)));
  const seen = await lookAtAll(urls);
  const own = seen.every(({ status }) => status === 'down');
  const mesh = own ? startMesh() : undefined;
  const stop = async () => mesh?.stop();
  const notStarted = mesh?.ended.then(() => {
    throw new Error(`The mesh could not be started; see ${mesh.log}`);
  });
  const waits = [waitUntilHealthy(urls, patienceMs), interrupted, notStarted];
  const outcome = await Promise.race(waits.filter((wait) => wait !== undefined)).catch(
    async (error: unknown) => {
      await stop();
      throw error;
    },
  );
  // Later exits are expected.
  notStarted?.catch(() => {});
  if (!outcome.healthy) {
    await stop();
    const states = outcome.services.map(({ name, status }) => `${name} is ${status}`).join(', ');
    throw new Error(`The mesh is not healthy: ${states}${mesh ? `; see ${mesh.log}` : ''}`);
  }
  await requireOurs(urls).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { urls, own, [Symbol.asyncDispose]: stop };
}

/** Refuses the mesh of another checkout on the same ports: the demo would write its data to the wrong one. */
async function requireOurs(urls: ReadonlyMap<string, readonly string[]>): Promise<void> {
  const { PUBLIC_KEYS } = readConfig({ PUBLIC_KEYS: json(jwks) }, settingsOf());
  const ours = PUBLIC_KEYS.keys.map(({ kid }) => kid);
  const [url = ''] = urls.get('auth') ?? [];
  const answer = await request(new URL('/.well-known/jwks.json', url), toService());
  const { keys } = jwks.parse(await answer.body.json());
  if (!keys.some(({ kid }) => ours.includes(kid))) {
    throw new Error(
      `${url} is another checkout's mesh: stop it, or change the ports of this one (README, "Ports")`,
    );
  }
}

function startMesh(): { log: string; ended: Promise<void>; stop(): Promise<void> } {
  const log = join(root, '.data', 'demo-mesh.log');
  mkdirSync(join(root, '.data'), { recursive: true });
  const output = openSync(log, 'w');
  // In its own process group, so that the demo stops it instead of the Ctrl-C that ends the demo.
  const dev = join(root, 'cli', 'src', 'dev.ts');
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', dev], {
    cwd: root,
    stdio: ['ignore', output, output],
    detached: true,
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  const isRunning = () => child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  return {
    log,
    ended,
    async stop() {
      if (child.pid !== undefined && isRunning()) process.kill(-child.pid, 'SIGINT');
      await ended;
    },
  };
}
