import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { commandOf, findAccount, identityOf } from '../embedded/account.ts';
import { findFreePort } from './free-port.ts';

/** Settings of `pgbouncer.ini` that override those in docs/operations.md. */
type Settings = Readonly<Record<string, string | number>>;

const program = 'pgbouncer';

/** A separate, real PgBouncer for a test, in front of a PostgreSQL. */
export interface TestPgBouncer extends AsyncDisposable {
  /** A URL of that PostgreSQL, through the pooler. */
  through(url: string): string;
  /** Kills it, and starts another one on the same port with other settings. */
  restart(changes?: Settings): Promise<void>;
  /** Changes its settings while it runs. */
  reload(changes: Settings): void;
}

/** Whether suites that need PgBouncer are skipped because it is not installed. In CI they fail instead. */
export const noPgBouncer =
  !process.env['CI'] && spawnSync(program, ['--version'], { stdio: 'ignore' }).status !== 0;

/**
 * Starts PgBouncer as docs/operations.md configures it.
 *
 * @param urls URLs of PostgreSQL, for each role that may log in.
 * @throws Error with its output, if it does not start.
 */
export async function startPgBouncer(
  urls: readonly string[],
  settings: Settings = {},
): Promise<TestPgBouncer> {
  const folder = mkdtempSync(join(tmpdir(), 'arcadium-pgbouncer-'));
  chmodSync(folder, 0o755); // as root, it runs as another user
  const users = join(folder, 'userlist.txt');
  writeFileSync(users, urls.map((url) => userLine(new URL(url))).join(''));
  const port = await findFreePort();
  const target = new URL(urls[0] ?? '');
  const file = join(folder, 'pgbouncer.ini');
  const configure = (changes: Settings): void => {
    const own = { listen_addr: '127.0.0.1', listen_port: port, auth_file: users };
    writeFileSync(file, `${documentedIni(target, own)}\nunix_socket_dir =\n${lines(changes)}`);
  };
  const remove = () => rmSync(folder, { recursive: true, force: true });
  let child: ChildProcess;
  try {
    configure(settings);
    child = await startOn(file);
  } catch (error) {
    remove();
    throw error;
  }
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  return {
    through: (url) => Object.assign(new URL(url), { host: `127.0.0.1:${port}` }).href,
    restart: async (changes = settings) => {
      await kill();
      configure(changes);
      child = await startOn(file);
    },
    reload: (changes) => {
      configure(changes);
      child.kill('SIGHUP');
    },
    [Symbol.asyncDispose]: async () => {
      await kill();
      remove();
    },
  };
}

/**
 * The pgbouncer.ini of docs/operations.md, with a test's addresses and paths, so that the documented one is
 * tested.
 */
function documentedIni({ hostname, port, pathname }: URL, own: Settings): string {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/operations.md'), 'utf8');
  let ini = /```ini\n(\[databases\]\n.+?)```/s.exec(page)?.[1] ?? '';
  const replacements = { arcadium: '', ...own };
  for (const [name, value] of Object.entries(replacements)) {
    const line = new RegExp(`^${name} = .*$`, 'm');
    if (!line.test(ini)) throw new Error(`the pgbouncer.ini of docs/operations.md has no "${name}"`);
    const database = `${pathname.slice(1)} = host=${hostname} port=${port}`;
    ini = ini.replace(line, name === 'arcadium' ? database : `${name} = ${value}`);
  }
  return ini;
}

function userLine({ username, password }: URL): string {
  return `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`;
}

function lines(settings: Settings): string {
  return Object.entries(settings)
    .map(([name, value]) => `${name} = ${value}\n`)
    .join('');
}

async function startOn(file: string): Promise<ChildProcess> {
  const account = findAccount(program, `${file}.data`);
  const child = spawn(...commandOf(account, program, [file]), {
    ...identityOf(account),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const { promise, resolve, reject } = Promise.withResolvers<ChildProcess>();
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (said.includes('process up')) resolve(child);
    });
  child.once('error', reject);
  child.once('exit', () => reject(new Error(`PgBouncer did not start:\n${said}`)));
  return promise;
}
