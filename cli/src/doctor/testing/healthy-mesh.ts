import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseEnv } from 'node:util';
import { readEnvironment } from '@arcadium/mesh/config';
import { silentLogger } from '@arcadium/mesh/testing';
import { withClient } from '@arcadium/postgres/testing';
import { createTestCluster, findFreePort, type TestCluster } from '@arcadium/postgres/testing-cluster';
import { provision } from '@arcadium/postgres/provision';
import { servicesWithSchema } from '@arcadium/prisma/folders';
import { vi } from 'vitest';
import { waitUntilHealthy } from '../../health.ts';
import { makeEnvironment } from '../../setup/make-environment.ts';
import { root as repository, serviceNames, serviceUrls, urlSetting } from '../../workspace.ts';

/** How a stand-in changes the answer of a service: by path. */
export type Changes = Readonly<
  Record<string, (body: Record<string, unknown>) => Record<string, unknown> | number>
>;

/**
 * A checkout as set-up leaves it, with its own PostgreSQL and the four services as processes. What a test changes is
 * undone by `restore`.
 */
export class HealthyMesh {
  readonly root: string;
  readonly cluster: TestCluster;
  readonly #processes: ChildProcess[] = [];
  readonly #undo: (() => unknown)[] = [];

  private constructor(root: string, cluster: TestCluster) {
    this.root = root;
    this.cluster = cluster;
  }

  static async start(): Promise<HealthyMesh> {
    const root = mkdtempSync(join(tmpdir(), 'arcadium-doctor-'));
    const mesh = new HealthyMesh(root, await createTestCluster({ settings: ['max_connections=120'] }));
    await mesh.#fill();
    await mesh.#provision();
    for (const service of serviceNames(root)) mesh.#spawn(service);
    const { healthy, services } = await waitUntilHealthy(serviceUrls({ root, environment: {} }), 100_000);
    if (!healthy) throw new Error(`The mesh did not become healthy: ${JSON.stringify(services)}`);
    return mesh;
  }

  /** The files of a checkout, and settings with free ports. */
  async #fill(): Promise<void> {
    const { root } = this;
    const same = ['.env.example', 'package.json', 'package-lock.json', 'node_modules', 'mesh', 'postgres'];
    for (const path of [...same, 'contracts/src']) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      symlinkSync(join(repository, path), join(root, path));
    }
    for (const path of ['contracts/package.json', 'prisma/package.json', '.gitignore'])
      cpSync(join(repository, path), this.path(path), { recursive: true });
    const lines = [`POSTGRES_PORT=${this.cluster.port}\n`];
    for (const service of serviceNames(repository)) {
      const folder = this.path('services', service);
      mkdirSync(join(folder, 'src'), { recursive: true });
      cpSync(join(repository, 'services', service, 'package.json'), join(folder, 'package.json'));
      const config = pathToFileURL(join(repository, 'services', service, 'src/config.ts')).href;
      writeFileSync(join(folder, 'src/config.ts'), `export { settings } from '${config}';\n`);
      lines.push(`${urlSetting(service)}=http://localhost:${await findFreePort()}\n`);
    }
    for (const service of servicesWithSchema()) {
      for (const path of ['schema.prisma', 'migrations'])
        cpSync(join(repository, 'prisma', service, path), this.path('prisma', service, path), {
          recursive: true,
        });
      symlinkSync(
        join(repository, 'prisma', service, 'generated'),
        this.path('prisma', service, 'generated'),
      );
    }
    writeFileSync(this.path('.env'), lines.join(''));
    writeFileSync(this.path('prisma/.env'), `DATABASE_ADMIN_URL=${this.cluster.adminUrl}\n`);
    writeFileSync(this.path('services/dashboard/.env'), `OTLP_PORT=${await findFreePort()}\n`);
    execFileSync('git', ['init', '--quiet', root], { stdio: 'pipe' });
    await makeEnvironment(root, silentLogger, {});
  }

  async #provision(): Promise<void> {
    const services = servicesWithSchema().map((name) => {
      const { DATABASE_URL: url = '', DATABASE_OWNER_URL: ownerUrl } = this.settings(name);
      return { name, url, ownerUrl };
    });
    await provision({ adminUrl: this.cluster.adminUrl, services, log: silentLogger });
  }

  #spawn(service: string): void {
    const own = readEnvironment([this.root, this.path('services', service)], {});
    const child = spawn(process.execPath, [join(repository, 'services', service, 'src/main.ts')], {
      env: {
        PATH: process.env['PATH'],
        NODE_COMPILE_CACHE: join(tmpdir(), 'node-compile-cache'),
        ...own,
        // The settings files of the repository are not this mesh's.
        ENVIRONMENT: 'doctor-test',
        LOG_LEVEL: 'error',
        STATE_DIR: this.path('.data', service),
      },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.#processes.push(child);
  }

  path(...parts: string[]): string {
    return join(this.root, ...parts);
  }

  /** The settings in the file of a service. */
  settings(service: string): Record<string, string | undefined> {
    return parseEnv(readFileSync(this.path('services', service, '.env'), 'utf8'));
  }

  /** The URL of a service. */
  url(service: string): string {
    return serviceUrls({ root: this.root, environment: {} }).get(service)?.[0] ?? '';
  }

  /** A secret file, or a file of a certificate. */
  write(name: string, content: string, mode = 0o600): string {
    const path = this.path('.data', 'planted', name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    chmodSync(path, mode);
    this.undo(() => rmSync(path, { force: true }));
    return path;
  }

  /** Sets settings in a file; `undefined` removes a line. */
  set(file: string, settings: Readonly<Record<string, string | undefined>>): void {
    this.edit(file, (text) => {
      const kept = text
        .split('\n')
        .filter((line) => !Object.hasOwn(settings, /^(\w+)=/.exec(line)?.[1] ?? ''));
      const added = Object.entries(settings).flatMap(([name, value]) =>
        value === undefined ? [] : [`${name}='${value}'`],
      );
      return [...kept, ...added, ''].join('\n');
    });
  }

  /** Sets settings in the file of a service. */
  setOf(service: string, settings: Readonly<Record<string, string | undefined>>): void {
    this.set(`services/${service}/.env`, settings);
  }

  /** Changes a file of the checkout, or makes one. */
  edit(file: string, change: (text: string) => string): void {
    const path = this.path(file);
    if (existsSync(path)) {
      const isLink = lstatSync(path).isSymbolicLink();
      const [before, { mode }] = [readFileSync(path, 'utf8'), statSync(path)];
      if (isLink) rmSync(path);
      this.undo(() => {
        rmSync(path);
        if (isLink) symlinkSync(join(repository, file), path);
        else writeFileSync(path, before, { mode: mode & 0o777 });
      });
      writeFileSync(path, change(before), { mode: mode & 0o777 });
    } else {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, change(''), { mode: 0o600 });
      this.undo(() => rmSync(path));
    }
  }

  /** Changes the mode of a file or a folder. */
  chmod(file: string, mode: number): void {
    const path = this.path(file);
    const before = statSync(path).mode & 0o777;
    chmodSync(path, mode);
    this.undo(() => chmodSync(path, before));
  }

  /** Runs SQL in the database of the mesh as its superuser, and other SQL afterwards. */
  async sql(statement: string, afterwards?: string): Promise<void> {
    const run = (text: string) =>
      withClient(this.cluster.adminUrl, 'arcadium', async (client) => {
        await client.query(text);
      });
    await run(statement);
    if (afterwards !== undefined) this.undo(() => run(afterwards));
  }

  /** Puts a server at the address of a service, which forwards to it and changes its answers. @returns Its URL. */
  async standIn(service: string, changes: Changes): Promise<string> {
    const to = this.url(service);
    const server = createServer((request, response) => {
      void (async () => {
        const { authorization } = request.headers;
        const answer = await fetch(new URL(request.url ?? '', to), {
          headers: authorization === undefined ? {} : { authorization },
        });
        const text = await answer.text();
        const change = answer.ok ? changes[request.url ?? ''] : undefined;
        const changed = change?.(JSON.parse(text) as Record<string, unknown>);
        response.statusCode = typeof changed === 'number' ? changed : answer.status;
        response.setHeader('content-type', 'application/json');
        response.end(typeof changed === 'object' ? JSON.stringify(changed) : text);
      })().catch((error: unknown) => response.destroy(error as Error));
    });
    const url = await this.listen(server);
    this.set('.env', { [urlSetting(service)]: url });
    return url;
  }

  /** Lets a server listen until `restore`. @returns Its URL. */
  async listen(server: Server, protocol = 'http'): Promise<string> {
    const sockets = new Set<Socket>();
    server.on('connection', (socket) => sockets.add(socket));
    await new Promise<void>((resolve) => server.listen(0, 'localhost', () => resolve()));
    this.undo(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return `${protocol}://localhost:${(server.address() as AddressInfo).port}`;
  }

  undo(step: () => unknown): void {
    this.#undo.push(step);
  }

  /** Undoes all changes, the last one first. */
  async restore(): Promise<void> {
    for (let step = this.#undo.pop(); step; step = this.#undo.pop()) await step();
    const urls = serviceUrls({ root: this.root, environment: {} });
    await vi.waitFor(async () => {
      const { healthy } = await waitUntilHealthy(urls, 0);
      if (!healthy) throw new Error('The mesh is not healthy again');
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#processes) child.kill('SIGTERM');
    await Promise.all(
      this.#processes.map(async (child) => {
        if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
      }),
    );
    await this.cluster[Symbol.asyncDispose]();
    rmSync(this.root, { recursive: true });
  }
}
