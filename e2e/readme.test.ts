import { randomUUID, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { connect } from '@arcadium/mesh/client';
import { databaseFields } from '@arcadium/mesh/config';
import { silentLogger } from '@arcadium/mesh/testing';
import { makeReaderFolder, type ReaderFolder } from './src/reader-folder.ts';
import { startDatabase, type OwnDatabase } from './src/database.ts';
import { serviceNames, startMesh, type TestMesh } from './src/mesh.ts';
import { root } from './src/process.ts';
import { blocksOf, commandsOf, runCommands, type Block } from './src/readme.ts';

// Runs every fenced block of docs/calling.md, README.md and docs/operations.md, in that order.

const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: 'the first administrator' };
const ann = { email: 'ann@example.com', password: 'four words are long' };

let mesh: TestMesh<OwnDatabase>;
let checkout: ReaderFolder;
beforeAll(async () => {
  mesh = await startMesh(administrator, await startDatabase(serviceNames));
  // The wiki reports this denial to the audit log.
  const headers = { authorization: 'Bearer of-nothing', 'content-type': 'application/json' };
  await fetch(`${mesh.url('wiki')}/trpc/pages.create`, { method: 'POST', headers, body: '{}' });
  checkout = await makeReaderFolder(serviceNames);
  const urls = ['AUTH_SERVICE_URL', 'NOTIFICATION_SERVICE_URL', 'WIKI_SERVICE_URL'];
  const shared = urls.map((name) => `${name}=${mesh.environment('wiki')[name]}\n`);
  await checkout.write('.env', shared.join(''));
  await checkout.write(
    'services/auth/.env',
    `ADMIN_EMAIL=${administrator.ADMIN_EMAIL}\nADMIN_PASSWORD="${administrator.ADMIN_PASSWORD}"\n`,
  );
  await checkout.write('services/wiki/.env', 'SERVICE_TOKEN=\n');
});
afterAll(async () => {
  await checkout?.[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

/** Where a command is run that needs the whole checkout, its ports, or Docker: a file, and its text there. */
const runElsewhere: Record<string, readonly [file: string, as: string]> = {
  'npm install': ['.ci/run', 'npm ci '],
  'npm run dev': ['e2e/src/dev-run.ts', "spawn('npm', ['run', 'dev']"],
  'npm run demo': ['.ci/run', 'npm run demo'],
  'npm run compose': ['e2e/compose/compose.test.ts', "succeed('npm', 'run', 'compose')"],
  'npm run compose -- down': ['e2e/compose/compose.test.ts', "compose('down'"],
};

const runs: Record<string, (block: Block) => Promise<void>> = {
  'README.md, Quick start, 1': elsewhere,
  'README.md, Quick start, 2': elsewhere,
  'README.md, In containers, 1': elsewhere,

  async 'README.md, How it fits together, 1'({ language, text }) {
    expect(language).toBe('mermaid');
    const shown = text.match(/"[\w]+ :\d+/g)?.map((node) => node.slice(1).split(' :'));
    const settings = parseEnv(await readFile(join(root, '.env.example'), 'utf8'));
    const ports = Object.entries(settings).flatMap(([name, value]) => {
      const [, service] = /^([A-Z]+)_SERVICE_URL$/.exec(name) ?? [];
      return service && value ? [[service.toLowerCase(), new URL(value).port]] : [];
    });
    ports.push(['PostgreSQL', settings['POSTGRES_PORT'] ?? '']);
    expect(shown?.toSorted()).toEqual(ports.toSorted());
  },

  async 'docs/calling.md, With curl, 1'(block) {
    const answers = await runCommands(here(block.text));
    // Every curl at the start of a line prints its answer; the others pass it on.
    expect(answers).toHaveLength(block.text.match(/^curl /gm)?.length ?? 0);
    expect(answers.length).toBeGreaterThan(0);
    for (const answer of answers) expect(JSON.parse(answer)).not.toHaveProperty('error');
  },

  async 'docs/calling.md, From the command line, 1'(block) {
    const [status = '', wait = '', list = '', get = '', watch = '', ...others] = commandsOf(block);
    expect(others).toEqual([]);
    const run = async (command: string) =>
      (await runCommands(command.replace('npm run', 'npm run --silent'), { cwd: checkout.folder })).join(
        '\n',
      );
    expect(await run(status)).toMatch(/^wiki .* healthy$/m);
    expect(await run(wait)).toMatch(/^wiki .* healthy$/m);
    expect(await run(list)).toContain('wiki.pages.get');
    expect(JSON.parse(await run(get))).toMatchObject({ title: 'Hello' });
    // It goes on until it is ended, which is no failure.
    expect(await run(`timeout 10 ${watch} || test $? = 124`)).toBe('');
  },

  async 'docs/calling.md, From an assistant, 1'({ text }) {
    const { command, args, cwd } = JSON.parse(text) as { command: string; args: string[]; cwd: string };
    const clientInfo = { name: 'reader', version: '1' };
    const asked = [
      {
        id: 1,
        method: 'initialize',
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
      },
      { method: 'notifications/initialized' },
      { id: 2, method: 'tools/call', params: { name: 'status', arguments: {} } },
    ];
    const lines = asked.map((message) => `${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`).join('');
    await checkout.write('messages.txt', lines);
    // Its input stays open until the answer is there.
    const [answers = ''] = await runCommands(
      `(cat messages.txt; sleep 20) | ${command} ${args.join(' ')} | grep -m 1 '"id":2'`,
      { cwd: join(checkout.folder, cwd) },
    );
    const { result } = JSON.parse(answers) as { result: { content: { text: string }[] } };
    expect(result.content[0]?.text).toContain('"name":"wiki"');
  },

  async 'docs/calling.md, With a tRPC client, 1'(block) {
    const program = await checked('stock-client', `${block.text}console.log(JSON.stringify(page));\n`);
    const [page = ''] = await runCommands(program, { cwd: checkout.folder });
    expect(JSON.parse(page)).toMatchObject({ title: 'Hello', body: 'My first page' });
  },

  async 'README.md, A call in code, 1'(block) {
    const { token, id } = await loggedIn(ann);
    const toAnn = block.text.replace(/(?<=userId: ')[\w-]+/, id);
    const program = await checked('mesh-client', toAnn);
    const env = { SERVICE_TOKEN: mesh.environment('wiki')['SERVICE_TOKEN'] ?? '' };
    expect(await runCommands(program, { cwd: checkout.folder, env })).toEqual(['']);
    const asAnn = { as: 'user' as const, url: mesh.url('notification'), token, log: silentLogger };
    await using notification = connect(notificationContract, asAnn);
    const { items } = await notification.notifications.list.query();
    const titles = items.map(({ title, sender }) => ({ title, sender }));
    expect(titles).toContainEqual({ title: 'Ben commented on Hello', sender: 'wiki' });
    // Only the contract and an address were given: failures are logged by default.
    const refused = runCommands(program, { cwd: checkout.folder, env: { SERVICE_TOKEN: 'wrong' } });
    await expect(refused).rejects.toThrow(/"msg":"a call to notification failed"/);
  },

  async 'docs/operations.md, Tokens and keys, 1'(block) {
    const [issue = '', revoke = '', rotate = '', ...others] = commandsOf(block);
    expect(others).toEqual([]);
    const keysBefore = await signingKeys();
    const run = (command: string) => runCommands(command, { cwd: checkout.folder });

    await run(issue);
    const written = await readFile(join(checkout.folder, 'services/wiki/.env'), 'utf8');
    const [, token = ''] = /^SERVICE_TOKEN=\W?([\w.-]+)/m.exec(written) ?? [];
    expect(await statusFor(token)).toBe(200);
    await run(revoke);
    await vi.waitFor(async () => expect(await statusFor(token)).toBe(401));
    await run(rotate);
    expect(await signingKeys()).toBe(keysBefore + 1);
  },

  async 'docs/operations.md, Accounts, 1'(block) {
    const commands = commandsOf(block).map((one) => one.replace('npm run', 'npm run --silent'));
    expect(commands).toHaveLength(6);
    await checkout.write('first-password.txt', 'four more words are long\n');
    const printed: string[] = [];
    for (const command of commands)
      printed.push((await runCommands(command, { cwd: checkout.folder })).join('\n'));
    const [created, listed, promoted, ended, disabled, audited] = printed;
    for (const text of [created, listed, promoted, disabled]) expect(text).toContain('cleo@example.com');
    expect(promoted).toContain(' admin ');
    expect(ended).toBe('0');
    expect(audited).toContain('account.disabled');
  },

  async 'docs/operations.md, Databases from the command line, 1'(block) {
    const [status = '', migrate = '', shell = '', ...others] = commandsOf(block);
    expect(others).toEqual([]);
    const services = ['auth', 'notification', 'wiki'] as const;
    const env = Object.fromEntries(
      services.flatMap((name) =>
        ['DATABASE_URL', 'DATABASE_OWNER_URL'].map((setting) => [
          `${name.toUpperCase()}_${setting}`,
          mesh.environment(name)[setting] ?? '',
        ]),
      ),
    );
    const run = async (command: string) =>
      (await runCommands(command.replace('npm run', 'npm run --silent'), { cwd: checkout.folder, env })).join(
        '\n',
      );
    const seen = await run(status);
    for (const name of services) expect(seen).toMatch(new RegExp(`^${name} +reachable `, 'm'));
    expect(await run(migrate)).toBe('');
    expect(JSON.parse(await run(shell))).toMatchObject([{ count: expect.stringMatching(/^\d+$/) }]);
  },

  async 'docs/calling.md, Over a WebSocket, 1'({ text }) {
    await tellsAnn('stock-socket', text);
  },

  async 'docs/calling.md, With server-sent events, 1'({ text }) {
    await tellsAnn('stock-events', text, { TOKEN: (await loggedIn(ann)).token });
  },

  async 'docs/operations.md, Undelivered notifications, 1'({ text }) {
    const { rows } = await asAdmin((admin) => admin.query(text));
    expect(rows).toMatchObject([{ given_up: '0' }]);
  },

  async 'docs/operations.md, A PostgreSQL of your own, 1'({ text }) {
    const commands = text
      .replace(/postgres:.*\/postgres/, mesh.database.cluster.adminUrl)
      .replace(/postgres:\/\/wiki:.*\/arcadium/, mesh.database.url('wiki'))
      .replace(/postgres:\/\/wiki_owner:.*\/arcadium/, mesh.database.ownerUrl('wiki'));
    expect(commands).not.toContain('…');
    await runCommands(commands);
    // A wrong password or right of the role would make the wiki unhealthy.
    expect(await mesh.health('wiki')).toMatchObject({ http: 200 });
  },

  async 'docs/operations.md, TLS between services, 1'(block) {
    for (const command of commandsOf(block)) await runCommands(command, { cwd: checkout.folder });
    const made = await readFile(join(checkout.folder, '.data/certs/edge/tls.crt'));
    expect(new X509Certificate(made).checkHost('wiki.example')).toBe('wiki.example');
  },

  async 'docs/operations.md, Encrypted connections, 1'({ text }) {
    const authority = join(checkout.folder, '.data/certs/ca.crt');
    const [, url = ''] = /^DATABASE_URL='(.*)'$/m.exec(text) ?? [];
    const signed = url.replace('/run/secrets/database-ca.pem', authority);
    expect(signed).not.toBe(url);
    expect(databaseFields.DATABASE_URL.parse(signed)).toContain('sslmode=verify-full');
  },

  async 'docs/operations.md, Statement statistics, 1'({ text }) {
    const { rows } = await asAdmin((admin) => admin.query(text));
    expect(rows).toContainEqual(
      expect.objectContaining({ query: expect.any(String), mean_ms: expect.any(Number) }),
    );
  },

  async 'docs/operations.md, Kubernetes, 1'({ text }) {
    const [, variable = '', folder, mounted] =
      /name: (\w+)_FILE, value: (.*)\/\1 }.*name: secrets, mountPath: (\S+), .*name: secrets, secret:/s.exec(
        text,
      ) ?? [];
    expect([variable in databaseFields, folder]).toEqual([true, mounted]);
  },

  async 'docs/operations.md, Vault and OpenBao, 1'({ text }) {
    const [, template = ''] = /^ +(postgres:\S+ .*)$/m.exec(text) ?? [];
    const authority = join(checkout.folder, '.data/certs/ca.crt');
    const url = template.replaceAll(/{{.*?}}/g, 'made').replace('/run/secrets/arcadium/ca.pem', authority);
    expect(databaseFields.DATABASE_URL.parse(url)).toContain('made:made@db');
  },

  async 'docs/operations.md, Vault and OpenBao, 2'({ text }) {
    const { username, pathname } = new URL(mesh.database.url('wiki'));
    const statements = text
      .replaceAll('{{name}}', 'made_by_vault')
      .replace('{{password}}', randomUUID())
      .replace('{{expiration}}', new Date(Date.now() + 60_000).toISOString())
      .replace('IN ROLE wiki', `IN ROLE "${username}"`)
      .replaceAll('IN DATABASE arcadium', `IN DATABASE "${pathname.slice(1)}"`);
    expect(statements).not.toMatch(/{{/);
    await asAdmin(async (admin) => {
      await admin.query(statements);
      await admin.query('DROP ROLE made_by_vault');
    });
  },

  async 'docs/operations.md, PgBouncer, 1'({ language, text }) {
    // The PgBouncer tests run a PgBouncer with it.
    const reader = await readFile(join(root, 'postgres/src/testing/testing-pgbouncer.ts'), 'utf8');
    expect(reader).toContain('docs/operations.md');
    expect([language, text]).toEqual(['ini', expect.stringMatching(/^\[databases\]\n/)]);
  },

  async 'docs/operations.md, State of one process, 1'({ text }) {
    const env = { SERVICE_TOKEN: mesh.environment('notification')['SERVICE_TOKEN'] ?? '' };
    const [answer = ''] = await runCommands(here(text), { env });
    expect(JSON.parse(answer)).toMatchObject({ service: 'wiki' });
  },

  async 'docs/operations.md, Prometheus, 1'({ text }) {
    // The tests of Prometheus start it like this.
    const reader = await readFile(join(root, 'e2e/src/prometheus.ts'), 'utf8');
    const words = text.match(/^prometheus|--[\w.-]+|[\w.]+\.yml|exemplar-storage/gm) ?? [];
    expect(words).toHaveLength(6);
    for (const word of words) expect(reader).toContain(word);
  },

  async 'docs/operations.md, The contract as JSON, 1'({ text }) {
    const env = { SERVICE_TOKEN: mesh.environment('notification')['SERVICE_TOKEN'] ?? '' };
    const [answer = ''] = await runCommands(here(text), { env });
    expect(JSON.parse(answer)).toMatchObject({ name: 'wiki', procedures: expect.any(Array) });
  },

  async 'docs/operations.md, Audit log, 1'({ text }) {
    const [email, password] = [administrator.ADMIN_EMAIL, administrator.ADMIN_PASSWORD];
    const { token } = await loggedIn({ email, password });
    await vi.waitFor(async () => {
      const [answer = ''] = await runCommands(here(text), { env: { TOKEN: token } });
      const [entry] = JSON.parse(answer).result.data.items;
      expect(entry).toMatchObject({ event: 'access.denied', subject: 'wiki.pages.create' });
    });
  },
};

const blocks = ['docs/calling.md', 'README.md', 'docs/operations.md'].flatMap(blocksOf);

test.each(blocks)('$place', async (block) => {
  expect.hasAssertions();
  const run = runs[block.place];
  if (!run) throw new Error(`No run is known for this block of ${block.language}: add it to \`runs\``);
  await run(block);
});

test('there is no run for a block that is not there', () => {
  expect(Object.keys(runs).toSorted()).toEqual(blocks.map(({ place }) => place).toSorted());
});

async function elsewhere(block: Block): Promise<void> {
  const commands = commandsOf(block);
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    const [file, as] = runElsewhere[command] ?? [];
    if (file === undefined) throw new Error(`What runs "${command}"? Add it to \`runElsewhere\``);
    expect(await readFile(join(root, file), 'utf8')).toContain(as);
  }
}

/** Runs statements in the services' database, with all rights. */
async function asAdmin<Result>(work: (admin: pg.Client) => Promise<Result>): Promise<Result> {
  const admin = new pg.Client({ connectionString: mesh.database.adminUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

/** The text with the addresses of this test's mesh. */
function here(text: string): string {
  const moved = text
    .replaceAll('localhost:8000', new URL(mesh.url('auth')).host)
    .replaceAll('localhost:8006', new URL(mesh.url('notification')).host)
    .replaceAll('localhost:5000', new URL(mesh.url('wiki')).host);
  expect(moved).not.toContain('localhost');
  return moved;
}

/** Writes a program and checks its types. @returns The command that runs it. */
async function checked(name: string, text: string): Promise<string> {
  await checkout.write(`${name}.ts`, here(text));
  await runCommands('npx tsc', { cwd: checkout.folder });
  return `npx node ${name}.ts`;
}

/** Runs a program that prints Ann's notifications, until it has printed one. */
async function tellsAnn(name: string, text: string, env: Record<string, string> = {}): Promise<void> {
  const says = 'console.log(data.title)';
  expect(text).toContain(says);
  const program = await checked(name, text.replace(says, `process.exit(void ${says})`));
  const { id: userId } = await loggedIn(ann);
  const token = await mesh.identity.serviceToken('wiki');
  const asWiki = { as: 'wiki' as const, url: mesh.url('notification'), token, log: silentLogger };
  await using notification = connect(notificationContract, asWiki);
  const printed = runCommands(program, { cwd: checkout.folder, env });
  // Repeated, because notifications from before the subscription are not sent.
  const told = setInterval(() => {
    const message = { topic: 'comment' as const, title: `Told ${name}`, body: 'By the README' };
    const sent = notification.notifications.send.mutate({ ...message, userId, key: randomUUID() });
    // The last one may be in progress when the client is closed; one that arrives is what the test waits for.
    sent.catch(() => undefined);
  }, 200);
  expect(await printed.finally(() => clearInterval(told))).toEqual([`Told ${name}`]);
}

async function loggedIn(credentials: typeof ann): Promise<{ token: string; id: string }> {
  const stranger = { as: 'anyone' as const, url: mesh.url('auth'), log: silentLogger };
  await using auth = connect(authContract, stranger);
  const { accessToken, user } = await auth.sessions.login.mutate(credentials);
  return { token: accessToken, id: user.id };
}

/** The status that notification answers to a caller with this service token. */
async function statusFor(token: string): Promise<number> {
  const headers = { authorization: `Service-Token ${token}` };
  return (await fetch(`${mesh.url('notification')}/api/mesh`, { headers })).status;
}

async function signingKeys(): Promise<number> {
  const answer = await fetch(`${mesh.url('auth')}/.well-known/jwks.json`);
  return ((await answer.json()) as { keys: unknown[] }).keys.length;
}
