import { readdirSync } from 'node:fs';
import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import { createKeySet, jwks, verifyToken } from '@arcadium/mesh/identity';
import { createTestIdentity, silentLogger, type TestIdentity } from '@arcadium/mesh/testing';
import { openDatabase } from '@arcadium/postgres/database';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { PrismaClient } from '@arcadium/prisma/auth';
import { migrationsFolder } from '@arcadium/prisma/folders';
import { createTestDatabase, type TestDatabase } from '@arcadium/prisma/testing';
import { safe } from '@trpc/client';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApp } from './app.ts';
import { administrator, testConfig } from './testing/config.ts';

const password = 'correct horse battery staple';

let identity: TestIdentity;
let former: TestIdentity;
let database: TestDatabase;
let app: Awaited<ReturnType<typeof startApp>>;
let url: string;
let stored: PrismaClient;
const cleanups: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  [identity, former] = await Promise.all([createTestIdentity(), createTestIdentity()]);
  database = await createTestDatabase(['auth']);
  const port = await findFreePort();
  url = `http://127.0.0.1:${port}`;
  const { d: _private, ...publicFormer } = former.jwk;
  const config = await testConfig(
    { url, identity, database },
    { PUBLIC_KEYS: JSON.stringify({ keys: [publicFormer] }) },
  );
  app = await startApp(config, new AbortController().signal);
  const opened = openDatabase({
    url: database.url('auth'),
    schema: 'auth',
    client: PrismaClient,
    log: silentLogger,
  });
  stored = opened.client;
  cleanups.push(() => opened.close());
});

afterAll(async () => {
  await app.stop();
  for (const cleanup of cleanups) await cleanup();
  await database.drop();
});

const anyone = () => connect(authContract, { as: 'anyone', url, log: silentLogger });
const asUser = (token: string) => connect(authContract, { as: 'user', url, token, log: silentLogger });
const asAdmin = async () => {
  const { accessToken } = await anyone().sessions.login.mutate(administrator);
  return connect(authContract, { as: 'admin', url, token: accessToken, log: silentLogger });
};
const asWiki = async () =>
  connect(authContract, { as: 'wiki', url, token: await identity.serviceToken('wiki'), log: silentLogger });

let people = 0;
async function newPerson(name = 'Ann') {
  people += 1;
  const email = `person-${people}@example.com`;
  const account = await anyone().users.register.mutate({ email, name, password });
  const { accessToken } = await anyone().sessions.login.mutate({ email, password });
  return { ...account, accessToken };
}

test('/api/mesh shows the statements, the migrations, the token and the keys, and no text or value', async () => {
  await anyone().sessions.login.mutate(administrator);
  const authorization = `Service-Token ${await identity.serviceToken('wiki')}`;
  const answer = await fetch(`${url}/api/mesh`, { headers: { authorization } });
  const text = await answer.text();
  const { database: report, identity: own } = JSON.parse(text);
  const [first] = report.statements;
  expect(first).toEqual({
    name: expect.any(String),
    calls: expect.any(Number),
    failures: expect.any(Number),
    total_ms: expect.any(Number),
    mean_ms: expect.closeTo(first.total_ms / first.calls, 2),
    longest_ms: expect.any(Number),
  });
  const names: string[] = report.statements.map(({ name }: { name: string }) => name);
  expect(names.length).toBeGreaterThan(3);
  expect(names.length).toBeLessThanOrEqual(20);
  for (const name of names) expect(name).toMatch(/^(?:[A-Z]+(?: [a-z_]+)?|auth\.[\w.]+)$/);
  expect(text).not.toContain(administrator.email);
  expect(text).not.toContain('$1');
  const folders = readdirSync(migrationsFolder('auth'), { withFileTypes: true });
  const migrations = folders.filter((one) => one.isDirectory()).map(({ name }) => name);
  expect(report.migrations).toEqual({
    applied: migrations.length,
    last: { name: migrations.toSorted().at(-1), applied_at: expect.stringMatching(/^\d{4}-.*Z$/) },
    pending: 0,
    failed: null,
  });
  expect(own.token.remaining_seconds).toBeGreaterThan(0);
  expect(own.keys).toEqual(
    expect.arrayContaining([
      { kid: identity.jwk.kid, state: 'current', changes_in_seconds: expect.any(Number) },
      { kid: former.jwk.kid, state: 'old', changes_in_seconds: expect.any(Number) },
    ]),
  );
  expect(text).not.toContain(identity.jwk.d);
});

describe('users.register', () => {
  test('opens an account, and keeps the password as a hash only', async () => {
    const account = await anyone().users.register.mutate({
      email: 'Ada@Example.com',
      name: ' Ada ',
      password,
    });
    expect(account).toMatchObject({ email: 'ada@example.com', name: 'Ada', role: 'user', disabledAt: null });
    const user = await stored.user.findUniqueOrThrow({
      where: { id: account.id },
      include: { passwordHistory: true },
    });
    expect(user.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    expect(user.passwordHistory.map(({ passwordHash }) => passwordHash)).toEqual([user.passwordHash]);
  });

  test('one address has one account, whatever its case and however many ask at once', async () => {
    const attempts = ['eve@example.com', 'EVE@example.com', 'Eve@Example.com'].map((email) =>
      safe(anyone().users.register.mutate({ email, name: 'Eve', password })),
    );
    const failures = (await Promise.all(attempts)).flatMap(([, error]) => (error ? [error.data?.error] : []));
    const taken = { name: 'EMAIL_TAKEN', data: { email: 'eve@example.com' } };
    expect(failures).toEqual([taken, taken]);
    expect(await stored.user.count({ where: { email: 'eve@example.com' } })).toBe(1);
  });

  test.each([
    [
      'a password of 129 characters',
      { email: 'x@example.com', name: 'X', password: 'x'.repeat(129) },
      'password',
    ],
    ['no address', { email: 'x', name: 'X', password }, 'email'],
    ['an empty name', { email: 'x@example.com', name: '  ', password }, 'name'],
    ['a name that cannot be seen', { email: 'x@example.com', name: '\u200B\u200B', password }, 'name'],
    ['a name of fillers', { email: 'x@example.com', name: '\u3164', password }, 'name'],
    ['a name with a mark of direction', { email: 'x@example.com', name: '\u202EnnA', password }, 'name'],
    ['a name with a line break', { email: 'x@example.com', name: 'a\nb', password }, 'name'],
  ])('refuses %s, and writes nothing', async (_what, input, field) => {
    const before = await stored.user.count();
    const [, error] = await safe(anyone().users.register.mutate(input));
    expect(error?.data).toMatchObject({ code: 'BAD_REQUEST', issues: [{ path: [field] }] });
    expect(await stored.user.count()).toBe(before);
  });
});

describe('users.update', () => {
  test.each(['\u200B\u200B', '\u202EnnA', 'Ann\u2069', '\u2800'])('refuses the name %j', async (name) => {
    const ann = await newPerson();
    const [, error] = await safe(asUser(ann.accessToken).users.update.mutate({ name }));
    expect(error?.data).toMatchObject({ code: 'BAD_REQUEST', issues: [{ path: ['name'] }] });
    expect((await asUser(ann.accessToken).users.me.query()).name).toBe('Ann');
  });
});

describe('sessions.login', () => {
  test('gives a token that holds, by the published keys alone', async () => {
    const ann = await newPerson();
    const published = jwks.parse(await (await fetch(`${url}/.well-known/jwks.json`)).json());
    const keys = await createKeySet({ initial: published.keys, log: silentLogger });
    expect(await verifyToken('user', ann.accessToken, { keys })).toMatchObject({
      claims: { sub: ann.id, role: 'user', name: 'Ann' },
    });
  });

  test('refuses a wrong password, an unknown address and a disabled account in the same words', async () => {
    const ann = await newPerson();
    const gone = await newPerson();
    await stored.user.update({ where: { id: gone.id }, data: { disabledAt: new Date() } });
    const inputs = [
      { email: ann.email, password: 'not the right password' },
      { email: 'nobody@example.com', password },
      { email: gone.email, password },
    ];
    const errors = await Promise.all(
      inputs.map(async (input) => (await safe(anyone().sessions.login.mutate(input)))[1]),
    );
    for (const error of errors) {
      expect(error?.data).toMatchObject({ code: 'UNAUTHORIZED', error: { name: 'BAD_CREDENTIALS' } });
      expect(error?.message).toBe(errors[0]?.message);
    }
  });

  test('takes the same password however its characters are composed', async () => {
    await anyone().users.register.mutate({
      email: 'zoe@example.com',
      name: 'Zoë',
      password: 'un caf\u00e9, deux caf\u00e9s, dix caf\u00e9s',
    });
    const decomposed = 'un cafe\u0301, deux cafe\u0301s, dix cafe\u0301s';
    expect(
      await anyone().sessions.login.mutate({ email: 'zoe@example.com', password: decomposed }),
    ).toMatchObject({
      user: { name: 'Zoë' },
    });
  });
});

describe('accounts', () => {
  test('a user sees and renames himself', async () => {
    const ann = await newPerson();
    expect(await asUser(ann.accessToken).users.me.query()).toMatchObject({ id: ann.id, email: ann.email });
    expect(await asUser(ann.accessToken).users.update.mutate({ name: 'Anna' })).toMatchObject({
      name: 'Anna',
    });
    expect(await asUser(ann.accessToken).users.me.query()).toMatchObject({ name: 'Anna' });
  });

  test('a token whose account is gone proves nothing', async () => {
    const ann = await newPerson();
    await stored.user.delete({ where: { id: ann.id } });
    const [, error] = await safe(asUser(ann.accessToken).users.me.query());
    expect(error?.data?.code).toBe('UNAUTHORIZED');
  });

  test('a service sees names, and neither addresses nor what is not there', async () => {
    const [ann, ben] = [await newPerson('Ann'), await newPerson('Ben')];
    const wiki = await asWiki();
    expect(await wiki.users.get.query({ id: ann.id })).toEqual({ id: ann.id, name: 'Ann' });
    const unknown = '01890000-0000-7000-8000-000000000000';
    const { items } = await wiki.users.getMany.query({ ids: [ben.id, unknown, ann.id, ann.id] });
    expect(items.map(({ name }) => name).toSorted()).toEqual(['Ann', 'Ben']);
    const [, error] = await safe(wiki.users.get.query({ id: unknown }));
    expect(error?.data?.error).toEqual({ name: 'USER_NOT_FOUND', data: { id: unknown } });
  });

  test('an administrator lists all of them, newest first, each once', async () => {
    await Promise.all([newPerson(), newPerson(), newPerson()]);
    const admin = await asAdmin();
    const seen: string[] = [];
    let cursor: string | null | undefined;
    while (cursor !== null) {
      const page = await admin.users.list.query({ limit: 2, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    }
    const all = await stored.user.findMany({ orderBy: [{ createdAt: 'desc' }, { id: 'desc' }] });
    expect(seen).toEqual(all.map(({ id }) => id));
  });

  test.each(['AAAA', 'bm90LWpzb24', Buffer.from('["2026-01-01","x"]').toString('base64url')])(
    'the cursor %s is refused',
    async (cursor) => {
      const [, error] = await safe((await asAdmin()).users.list.query({ cursor }));
      expect(error?.data?.code).toBe('BAD_REQUEST');
    },
  );
});

describe('tokens.introspect', () => {
  test('tells good tokens from all others', async () => {
    const wiki = await asWiki();
    const ann = await newPerson();
    const longAgo = new Date(Date.now() - 200 * 24 * 3600 * 1000);
    expect(await wiki.tokens.introspect.query({ token: ann.accessToken })).toMatchObject({
      active: true,
      type: 'user',
      subject: ann.id,
    });
    expect(await wiki.tokens.introspect.query({ token: await former.serviceToken('wiki') })).toMatchObject({
      active: true,
      type: 'service',
      name: 'wiki',
    });
    for (const token of [
      'nonsense',
      await identity.serviceToken('wiki', longAgo),
      await (await createTestIdentity()).userToken(),
    ]) {
      expect(await wiki.tokens.introspect.query({ token })).toEqual({ active: false });
    }
  });

  test('a token on the blacklist is not active', async () => {
    const wiki = await asWiki();
    const token = await identity.serviceToken('notification');
    const before = await wiki.tokens.introspect.query({ token });
    if (!before.active) throw new Error('The token was not good to begin with');
    await stored.tokenBlacklist.create({
      data: { jti: before.tokenId, reason: 'stolen', expiresAt: new Date(before.expiresAt) },
    });
    expect(await wiki.tokens.introspect.query({ token })).toEqual({ active: false });
  });
});
