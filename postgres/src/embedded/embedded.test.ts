import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';

import { startEmbedded, type EmbeddedOptions } from './embedded.ts';
import { isRunning } from './process.ts';
import { withClient } from '../provision/with-client.ts';
import { findFreePort } from '../testing/free-port.ts';

let folder: string;
let options: EmbeddedOptions;
let formerFolder: string;
let former: EmbeddedOptions;

function makeFolder(): string {
  const made = mkdtempSync(join(tmpdir(), 'arcadium-embedded-'));
  chmodSync(made, 0o755); // as root, PostgreSQL runs as another user
  return made;
}

const optionsIn = async (parent: string): Promise<EmbeddedOptions> => ({
  dataDir: join(parent, 'data'),
  port: await findFreePort(),
  password: 'secret',
  persistent: true,
});

beforeAll(async () => {
  formerFolder = makeFolder();
  former = await optionsIn(formerFolder);
  const server = await startEmbedded(former);
  await server.stop();
});
afterAll(() => rmSync(formerFolder, { recursive: true, force: true }));

beforeEach(async () => {
  folder = makeFolder();
  options = await optionsIn(folder);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Copies the data of an earlier start: a first start takes ten times as long as a copy. */
const startedBefore = () => execFileSync('cp', ['-a', former.dataDir, options.dataDir]);

function ask(url: string, sql: string): Promise<Record<string, unknown>[]> {
  return withClient(url, undefined, (client) => client.query(sql).then(({ rows }) => rows));
}

describe('startEmbedded', () => {
  test('works where nobody else may go, as below root’s home, and goes on there when others may', async () => {
    chmodSync(folder, 0o700);
    const first = await startEmbedded(options);
    await ask(first.adminUrl, 'CREATE TABLE kept (n int)');
    await first.stop();
    chmodSync(folder, 0o755);
    const second = await startEmbedded(options);
    expect(await ask(second.adminUrl, 'SELECT n FROM kept')).toEqual([]);
    await second.stop();
  });

  test('keeps data over a stop, and over kill -9 of the postmaster', async () => {
    startedBefore();
    const first = await startEmbedded(options);
    await ask(first.adminUrl, 'CREATE TABLE kept (n int)');
    await first.stop();
    const second = await startEmbedded(options);
    await ask(second.adminUrl, 'INSERT INTO kept VALUES (1)');
    process.kill(second.pid, 'SIGKILL');
    expect(await second.exited).toBe('ended by SIGKILL');
    expect(existsSync(join(options.dataDir, 'postmaster.pid'))).toBe(true);
    const third = await startEmbedded(options);
    expect(await ask(third.adminUrl, 'SELECT n FROM kept')).toEqual([{ n: 1 }]);
    await Promise.all([third.stop(), third.stop()]);
    expect(await third.exited).toBe('exit code 0');
  });

  test('listens on 127.0.0.1 only and knows more than ASCII', async () => {
    const server = await startEmbedded({ ...options, persistent: false });
    expect(
      await ask(server.adminUrl, `SELECT lower('ÄÉ'), current_setting('listen_addresses') AS host`),
    ).toEqual([{ lower: 'äé', host: '127.0.0.1' }]);
    await server.stop();
    expect(existsSync(options.dataDir)).toBe(false);
  });

  test('takes a lock file whose number belongs to another program by now', async () => {
    startedBefore();
    const bystander = spawn('sleep', ['60']);
    writeFileSync(
      join(options.dataDir, 'postmaster.pid'),
      `${bystander.pid}\n${options.dataDir}\n0\n${options.port}\n`,
    );
    const again = await startEmbedded(options);
    expect(await ask(again.adminUrl, 'SELECT 1 AS n')).toEqual([{ n: 1 }]);
    await again.stop();
    bystander.kill();
  });

  test('names the server that still uses the data', async () => {
    startedBefore();
    const server = await startEmbedded(options);
    const port = await findFreePort();
    await expect(startEmbedded({ ...options, port })).rejects.toThrow(
      `pid ${server.pid}) still uses ${options.dataDir}`,
    );
    await server.stop();
  });

  test('names the port that is taken, and the setting', async () => {
    const squatter = createServer().listen(options.port, '127.0.0.1');
    await once(squatter, 'listening');
    const taken = `port ${options.port} of 127.0.0.1 is taken by another program: stop it, or set another port`;
    await expect(startEmbedded({ ...options, portSetting: 'PORT_OF_MINE' })).rejects.toThrow(
      `${taken} as PORT_OF_MINE`,
    );
    await expect(startEmbedded(options)).rejects.toThrow(new RegExp(`${taken}$`));
    squatter.close();
  });

  test('starts over after an interrupted first start', async () => {
    mkdirSync(`${options.dataDir}.init-999999999`);
    writeFileSync(join(`${options.dataDir}.init-999999999`, 'PG_VERSION'), '18\n');
    const server = await startEmbedded(options);
    expect(existsSync(`${options.dataDir}.init-999999999`)).toBe(false);
    await server.stop();
  });

  test('touches no directory of somebody else', async () => {
    mkdirSync(options.dataDir);
    writeFileSync(join(options.dataDir, 'letter.txt'), 'dear');
    await expect(startEmbedded(options)).rejects.toThrow('neither empty nor a PostgreSQL data directory');
  });

  test('takes a new password for old data', async () => {
    startedBefore();
    const first = await startEmbedded(options);
    await ask(first.adminUrl, 'CREATE TABLE kept (n int)');
    await first.stop();
    const second = await startEmbedded({ ...options, password: `new'"\\$` });
    expect(await ask(second.adminUrl, 'SELECT n FROM kept')).toEqual([]);
    await second.stop();
  });

  test('says why it did not start', async () => {
    startedBefore();
    writeFileSync(join(options.dataDir, 'postgresql.auto.conf'), 'nonsense = 1\n');
    await expect(startEmbedded(options)).rejects.toThrow('unrecognized configuration parameter "nonsense"');
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'ends with its owner, even by %s',
    async (signal) => {
      startedBefore();
      const script = join(folder, 'owner.mjs');
      const pidFile = join(folder, 'pid');
      writeFileSync(
        script,
        `import { writeFileSync } from 'node:fs';
       import { startEmbedded } from ${JSON.stringify(new URL('./embedded.ts', import.meta.url).href)};
       const server = await startEmbedded(${JSON.stringify({ ...options, persistent: false })});
       writeFileSync(${JSON.stringify(pidFile)}, String(server.pid));`,
      );
      const owner = spawn(process.execPath, [script], { stdio: 'inherit' });
      await vi.waitFor(() => expect(readFileSync(pidFile, 'utf8')).toMatch(/^\d+$/));
      const pid = Number(readFileSync(pidFile, 'utf8'));
      expect(isRunning(pid)).toBe(true);
      owner.kill(signal);
      await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
      await vi.waitFor(() => expect(existsSync(options.dataDir)).toBe(false));
    },
    20_000,
  );
});
