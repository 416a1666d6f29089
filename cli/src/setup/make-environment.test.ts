import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { createKeySet, publicPart, verifyToken } from '@arcadium/mesh/identity';
import { importSigningKey, issueServiceToken } from '@arcadium/mesh/issuer';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeEnvironment } from './make-environment.ts';

const files = ['.env', 'prisma/.env', 'services/auth/.env', 'services/wiki/.env', 'services/tasks/.env'];
const fields = new URL('../../../mesh/src/config/index.ts', import.meta.url).href;
let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-setup-'));
  for (const [service, port] of [
    ['auth', 8000],
    ['wiki', 5000],
    ['tasks', 5001],
  ] as const) {
    mkdirSync(join(root, 'services', service, 'src'), { recursive: true });
    writeFileSync(join(root, 'services', service, 'package.json'), '{}');
    writeFileSync(
      join(root, 'services', service, 'src/config.ts'),
      `import { databaseFields, serviceUrl } from '${fields}';
       export const settings = { ...databaseFields, ${service.toUpperCase()}_SERVICE_URL: serviceUrl('http://localhost:${port}') };`,
    );
  }
});
afterEach(() => rmSync(root, { recursive: true }));

const text = (file: string) => readFileSync(join(root, file), 'utf8');
const setting = (file: string, name: string) => parseEnv(text(file))[name] ?? '';
const run = () => makeEnvironment(root, silentLogger);
const allText = () => files.map(text).join('\n');

async function keySet() {
  const { keys } = JSON.parse(setting('.env', 'PUBLIC_KEYS'));
  return createKeySet({ initial: keys, log: silentLogger });
}

test('makes everything, for its owner’s eyes only, and tokens that hold', async () => {
  expect(await run()).toContain('services/tasks/.env: SERVICE_TOKEN');
  for (const file of files) expect([file, statSync(join(root, file)).mode & 0o777]).toEqual([file, 0o600]);
  expect(
    await verifyToken('service', setting('services/tasks/.env', 'SERVICE_TOKEN'), { keys: await keySet() }),
  ).toMatchObject({
    claims: { service_name: 'tasks', type: 'service' },
  });
  expect(setting('services/wiki/.env', 'DATABASE_URL')).toMatch(
    /^postgres:\/\/wiki:[\w-]{32}@127\.0\.0\.1:54320\/arcadium$/,
  );
  expect(setting('services/wiki/.env', 'SIGNING_KEYS')).toBe('');
});

test('a service whose settings name no database gets no role there, but a token', async () => {
  writeFileSync(join(root, 'services/tasks/src/config.ts'), 'export const settings = { HOST: undefined };');
  await run();
  expect(setting('services/tasks/.env', 'SERVICE_TOKEN')).not.toBe('');
  expect(text('services/tasks/.env')).not.toContain('DATABASE');
});

test('a second run changes nothing, but for a mode that was too open', async () => {
  await run();
  const before = allText();
  chmodSync(join(root, '.env'), 0o644);
  expect(await run()).toEqual([]);
  expect(allText()).toBe(before);
  expect(statSync(join(root, '.env')).mode & 0o777).toBe(0o600);
});

test('completes what is half there and leaves the rest alone', async () => {
  await run();
  const before = files.map(text);
  const kept = "# mine\nLOG_LEVEL=debug\nDATABASE_URL='postgres://wiki:a$1b@db:1/arcadium'";
  writeFileSync(join(root, 'services/wiki/.env'), kept);
  rmSync(join(root, '.env'));
  const written = await run();
  expect(written).toEqual([
    '.env: PUBLIC_KEYS',
    '.env: AUTH_SERVICE_URL',
    '.env: TASKS_SERVICE_URL',
    '.env: WIKI_SERVICE_URL',
    '.env: POSTGRES_PORT',
    'services/wiki/.env: SERVICE_TOKEN',
  ]);
  expect(text('services/wiki/.env').startsWith(`${kept}\n`)).toBe(true);
  expect(text('.env')).toBe(before[0]);
  expect(text('services/auth/.env')).toBe(before[2]);
});

test('an empty value is filled in its place', async () => {
  writeFileSync(join(root, '.env'), 'WIKI_SERVICE_URL=\nOTHER=1\n');
  await run();
  expect(text('.env')).toMatch(/WIKI_SERVICE_URL='http:\/\/localhost:5000'\nOTHER=1\n/);
});

test('interrupted after any file, it is completed by the next run', async () => {
  await run();
  const whole = files.map((file) => [file, text(file)] as const);
  const order = ['services/auth/.env', '.env', 'prisma/.env', 'services/tasks/.env', 'services/wiki/.env'];
  for (const [made] of order.entries()) {
    for (const file of files) rmSync(join(root, file), { force: true });
    const present = new Set(order.slice(0, made));
    for (const [file, content] of whole) if (present.has(file)) writeFileSync(join(root, file), content);
    await run();
    const keys = await keySet();
    for (const service of ['auth', 'wiki', 'tasks']) {
      const token = setting(`services/${service}/.env`, 'SERVICE_TOKEN');
      expect(await verifyToken('service', token, { keys })).toMatchObject({
        claims: { service_name: service },
      });
    }
  }
});

test('an expired token is replaced, with the same service id', async () => {
  await run();
  const { keys } = JSON.parse(setting('services/auth/.env', 'SIGNING_KEYS'));
  const longAgo = new Date(Date.now() - 91 * 24 * 3600 * 1000);
  const old = await issueServiceToken(
    await importSigningKey(keys[0]),
    { id: 'the-id', name: 'wiki' },
    longAgo,
  );
  const path = join(root, 'services/wiki/.env');
  writeFileSync(path, text('services/wiki/.env').replace(/SERVICE_TOKEN=.*/, `SERVICE_TOKEN='${old.token}'`));
  expect(await run()).toEqual(['services/wiki/.env: SERVICE_TOKEN']);
  const token = setting('services/wiki/.env', 'SERVICE_TOKEN');
  const trusted = await createKeySet({ initial: [publicPart(keys[0])], log: silentLogger });
  expect(await verifyToken('service', token, { keys: trusted })).toMatchObject({
    claims: { service_id: 'the-id', service_name: 'wiki' },
  });
});

test('lost signing keys are made anew; what the lost ones signed is still trusted', async () => {
  await run();
  const token = setting('services/wiki/.env', 'SERVICE_TOKEN');
  rmSync(join(root, 'services/auth/.env'));
  expect(await run()).toEqual(
    expect.arrayContaining(['services/auth/.env: SIGNING_KEYS', '.env: PUBLIC_KEYS']),
  );
  expect(setting('services/wiki/.env', 'SERVICE_TOKEN')).toBe(token);
  const trusted = await keySet();
  await verifyToken('service', token, { keys: trusted });
  await verifyToken('service', setting('services/auth/.env', 'SERVICE_TOKEN'), { keys: trusted });
});

test('a token that no trusted key signed is pointed out, and stays', async () => {
  await run();
  const path = join(root, 'services/wiki/.env');
  writeFileSync(path, text('services/wiki/.env').replace(/SERVICE_TOKEN=.*/, "SERVICE_TOKEN='a.b.c'"));
  await expect(run()).rejects.toThrow(
    /services\/wiki\/\.env: SERVICE_TOKEN was not signed by any of PUBLIC_KEYS/,
  );
  expect(setting('services/wiki/.env', 'SERVICE_TOKEN')).toBe('a.b.c');
});

test('the environment of another service, copied along with its folder, is pointed out', async () => {
  await run();
  writeFileSync(join(root, 'services/tasks/.env'), text('services/auth/.env'));
  await expect(run()).rejects.toThrow(/services\/tasks\/\.env is a copy of auth's/);
});

test('a setting that is in a file of its own is there', async () => {
  await run();
  const keys = setting('services/auth/.env', 'SIGNING_KEYS');
  writeFileSync(join(root, 'keys.json'), keys);
  const moved = text('services/auth/.env').replace(
    /^SIGNING_KEYS=.*$/m,
    `SIGNING_KEYS_FILE=${join(root, 'keys.json')}`,
  );
  writeFileSync(join(root, 'services/auth/.env'), moved);
  expect(await run()).toEqual([]);
});

test('of a setting that stands twice, the last is the one that counts', async () => {
  writeFileSync(join(root, '.env'), "WIKI_SERVICE_URL='http://mine'\n\nWIKI_SERVICE_URL=\n");
  await run();
  expect(text('.env')).toMatch(
    /^WIKI_SERVICE_URL='http:\/\/mine'\n\nWIKI_SERVICE_URL='http:\/\/localhost:5000'\n/,
  );
});

test('a service is found by its folder, where its own config.ts says', async () => {
  expect(await run()).toContain('.env: TASKS_SERVICE_URL');
  expect(setting('.env', 'TASKS_SERVICE_URL')).toBe('http://localhost:5001');
});

test('a service that has no config.ts yet gets no address; one that cannot be read is named', async () => {
  rmSync(join(root, 'services/wiki/src'), { recursive: true });
  writeFileSync(join(root, 'services/tasks/src/config.ts'), 'export const settings = missing;');
  await expect(run()).rejects.toThrow('services/tasks/src/config.ts cannot be read: missing is not defined');
  rmSync(join(root, 'services/tasks'), { recursive: true });
  await run();
  expect(setting('.env', 'WIKI_SERVICE_URL')).toBe('');
});

test('the port of PostgreSQL is one setting', async () => {
  await run();
  expect(setting('.env', 'POSTGRES_PORT')).toBe('54320');
  const own = "DATABASE_URL='postgres://wiki:secret@db.example:54320/arcadium'";
  const wiki = text('services/wiki/.env').replace(/^DATABASE_URL=.*$/m, own);
  writeFileSync(join(root, 'services/wiki/.env'), wiki.replace(/^DATABASE_OWNER_URL=.*$/m, ''));
  const before = setting('services/auth/.env', 'DATABASE_URL');
  writeFileSync(join(root, '.env'), text('.env').replace("POSTGRES_PORT='54320'", 'POSTGRES_PORT=6000'));

  expect(await run()).toEqual([
    'services/auth/.env: DATABASE_URL',
    'services/auth/.env: DATABASE_OWNER_URL',
    'services/tasks/.env: DATABASE_URL',
    'services/tasks/.env: DATABASE_OWNER_URL',
    'prisma/.env: DATABASE_ADMIN_URL',
  ]);
  expect(setting('services/auth/.env', 'DATABASE_URL')).toBe(before.replace(':54320/', ':6000/'));
  expect(new URL(setting('prisma/.env', 'DATABASE_ADMIN_URL')).port).toBe('6000');
  expect(text('services/wiki/.env')).toContain(own);
  expect(await run()).toEqual([]);
});

test('a change of that port that was interrupted is completed', async () => {
  await run();
  writeFileSync(join(root, '.env'), text('.env').replace("POSTGRES_PORT='54320'", 'POSTGRES_PORT=6000'));
  const before = text('prisma/.env');
  await run();
  // As after an interruption between the services and the last file.
  writeFileSync(join(root, 'prisma/.env'), before);
  expect(await run()).toEqual(['prisma/.env: DATABASE_ADMIN_URL']);
  expect(allText()).not.toContain('54320');
});

test('a checkout that is older than that setting keeps the port that it has', async () => {
  await run();
  for (const file of files) writeFileSync(join(root, file), text(file).replaceAll('54320', '7000'));
  writeFileSync(join(root, '.env'), text('.env').replace(/^POSTGRES_PORT=.*$/m, ''));
  expect(await run()).toEqual(['.env: POSTGRES_PORT']);
  expect(setting('.env', 'POSTGRES_PORT')).toBe('7000');
});

test('a value that is not a port is refused, with its setting', async () => {
  writeFileSync(join(root, '.env'), 'POSTGRES_PORT=many\n');
  await expect(run()).rejects.toThrow(/\.env: POSTGRES_PORT must be a port/);
});

test('several processes at once make one environment', async () => {
  const runs = await Promise.all([run(), run(), run()]);
  expect(runs.filter((written) => written.length > 0)).toHaveLength(1);
  const keys = await keySet();
  await verifyToken('service', setting('services/wiki/.env', 'SERVICE_TOKEN'), { keys });
});
