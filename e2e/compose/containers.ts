import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../src/process.ts';
import { until } from '../src/mesh.ts';

/** The services' published ports in this test, which leave a running mesh of this machine alone. */
export const ports = { auth: 18_000, dashboard: 18_080, notification: 18_006, wiki: 15_000 } as const;
export type ServiceName = keyof typeof ports;

export const project = 'arcadium-test';
const files = ['-f', join(root, 'docker/docker-compose.yml')];

const environment: Readonly<Record<string, string>> = {
  COMPOSE_PROJECT_NAME: project,
  COMPOSE_PROGRESS: 'plain',
  ...Object.fromEntries(
    Object.entries(ports).flatMap(([name, port]) => [
      [`${name.toUpperCase()}_PORT`, String(port)],
      [`${name.toUpperCase()}_SERVICE_URL`, `http://localhost:${port}`],
    ]),
  ),
};

/** The output and exit code of a command. */
export type Outcome = Readonly<{ code: number; output: string }>;

/** Runs a command in the repository. @param input For its standard input. */
export function run(command: string, args: readonly string[], input = ''): Promise<Outcome> {
  const child = spawn(command, args, { cwd: root, env: { ...process.env, ...environment } });
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => chunks.push(chunk));
  child.stdin.end(input);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? -1, output: chunks.join('') }));
  });
}

/** Runs a command that must succeed. @returns Its output. */
export async function succeed(command: string, ...args: string[]): Promise<string> {
  const { code, output } = await run(command, args);
  if (code !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${code}:\n${output}`);
  return output;
}

export const docker = (...args: string[]): Promise<string> => succeed('docker', ...args);
export const compose = (...args: string[]): Promise<string> => docker('compose', ...files, ...args);
/** The same for a command that may fail. */
export const tryCompose = (...args: string[]): Promise<Outcome> =>
  run('docker', ['compose', ...files, ...args]);

export interface Container {
  readonly name: string;
  readonly service: string;
  readonly health: string;
  readonly startedAt: string;
  readonly restarts: number;
}

/** All running containers. */
export async function containers(): Promise<Container[]> {
  const ids = (await compose('ps', '--quiet')).trim().split(/\s+/).filter(Boolean);
  if (ids.length === 0) return [];
  const inspected = JSON.parse(await docker('inspect', ...ids)) as {
    Name: string;
    RestartCount: number;
    Config: { Labels: Record<string, string> };
    State: { StartedAt: string; Health?: { Status: string } };
  }[];
  return inspected.map(({ Name, RestartCount, Config, State }) => ({
    name: Name.slice(1),
    service: Config.Labels['com.docker.compose.service'] ?? '',
    health: State.Health?.Status ?? 'none',
    startedAt: State.StartedAt,
    restarts: RestartCount,
  }));
}

/** The containers with a health check, and their health. */
export async function checked(): Promise<Record<string, string>> {
  const found = await containers();
  const withCheck = found.filter(({ health }) => health !== 'none');
  return Object.fromEntries(withCheck.map(({ name, health }) => [name.replace(`${project}-`, ''), health]));
}

export async function allHealthy(): Promise<void> {
  let seen: Record<string, string> = {};
  const healthy = async () => {
    // A look starts processes, which take time from the containers.
    await delay(500);
    seen = await checked();
    return Object.values(seen).every((health) => health === 'healthy');
  };
  await until(healthy, 'all containers are healthy', () => JSON.stringify(seen));
}

/** `/health` of a service, from outside of Docker. */
export async function healthOf(service: ServiceName): Promise<{ http: number; status: string }> {
  const answer = await fetch(`http://localhost:${ports[service]}/health`).catch(() => undefined);
  if (!answer) return { http: 0, status: 'down' };
  const { status } = (await answer.json()) as { status: string };
  return { http: answer.status, status };
}

/**
 * Sends a signal to a container's process as its own user. After SIGKILL, Docker sees a process that died by itself.
 *
 * @param process The user it runs as, and a pattern of its command line.
 */
export async function signal(
  container: string,
  name: 'KILL' | 'STOP' | 'CONT',
  [account, command]: readonly [string, string],
): Promise<void> {
  const script = `for p in /proc/[0-9]*; do
    n=\${p#/proc/}
    [ "$n" -gt 1 ] && [ "$n" != $$ ] && tr '\\0' ' ' < $p/cmdline 2>/dev/null | grep -q '${command}' && kill -${name} "$n"
  done; true`;
  await run('docker', ['exec', '--user', account, container, 'sh', '-c', script]);
}
