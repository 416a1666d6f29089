import { randomBytes, randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import { publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey } from '@arcadium/mesh/issuer';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { provision } from '@arcadium/postgres/provision';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startDatabase, type OwnDatabase } from '../src/database.ts';
import { openLoop } from '../src/load/open-loop.ts';
import { prepareMesh, serviceNames, until, type ServiceName, type TestMesh } from '../src/mesh.ts';
import { MountedSecrets } from '../src/mounted-secrets.ts';
import { newAdministrator, newPerson } from '../src/people.ts';
import { startNode, type RunningProcess } from '../src/process.ts';

// Each secret is replaced in its file while users call, without a restart. The clients do not retry
// what failed, only what a busy machine refused before it began.

const perSecond = 15;
const changed = 'the file of a setting has changed: its new value is in force';
const unusable = 'the file of a setting cannot be used; the value in force stays';
const secretNames = [
  'DATABASE_URL',
  'DATABASE_OWNER_URL',
  'SERVICE_TOKEN',
  'PUBLIC_KEYS',
  'SIGNING_KEYS',
  'ENCRYPTION_KEY',
];

let mesh: TestMesh<OwnDatabase>;
let admin: pg.Client;
const secrets = new Map<ServiceName, MountedSecrets>();
const running = new Map<ServiceName, RunningProcess>();
let people: Awaited<ReturnType<typeof newCallers>>;

beforeAll(async () => {
  mesh = await prepareMesh({}, await startDatabase(serviceNames));
  for (const service of serviceNames) {
    const environment = Object.entries(mesh.environment(service));
    const isSecret = ([name]: [string, string]) => secretNames.includes(name);
    const mounted = await MountedSecrets.mount(Object.fromEntries(environment.filter(isSecret)));
    secrets.set(service, mounted);
    const others = Object.fromEntries(environment.filter((entry) => !isSecret(entry)));
    const own = { ...others, ...mounted.settings, LOG_FORMAT: 'json' };
    running.set(service, startNode(`services/${service}/src/main.ts`, own));
  }
  await until(
    async () =>
      (await Promise.all(serviceNames.map(mesh.health))).every(({ status }) => status === 'healthy'),
    'the mesh is healthy',
    () => [...running.values()].map((one) => one.output()).join('\n'),
  );
  admin = new pg.Client(mesh.database.adminUrl);
  await admin.connect();
  people = await newCallers();
});
afterAll(async () => {
  await admin?.end();
  for (const one of running.values()) await one[Symbol.asyncDispose]();
  for (const one of secrets.values()) await one[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

const secretsOf = (service: ServiceName): MountedSecrets => {
  const found = secrets.get(service);
  if (!found) throw new Error(`${service} was not started`);
  return found;
};

/** The lines of a service's log with a message, about a setting. */
const lines = (service: ServiceName, message: string, setting?: string) =>
  (running.get(service)?.logged() ?? []).filter(
    (line) => line.msg === message && (setting === undefined || line['setting'] === setting),
  );

/** Replaces a secret of services, and waits until each has put it in force. */
async function replace(
  services: readonly ServiceName[],
  setting: string,
  next: (service: ServiceName) => string,
) {
  const before = new Map(services.map((service) => [service, lines(service, changed, setting).length]));
  await Promise.all(services.map((service) => secretsOf(service).set({ [setting]: next(service) })));
  await until(
    () => services.every((service) => lines(service, changed, setting).length > (before.get(service) ?? 0)),
    `${setting} is in force`,
    () => services.map((service) => running.get(service)?.output()).join('\n'),
  );
}

/** Ann has a page; Ben comments on it, of which she is notified. Their clients make one attempt for each call. */
async function newCallers() {
  const [ann, ben] = [await newPerson(mesh, 'Ann'), await newPerson(mesh, 'Ben')];
  const once = { log, retryPolicy: { attempts: 0, baseMs: 1, jitter: 0 } };
  const asAnn = { as: 'user' as const, token: ann.token, ...once };
  const asBen = { as: 'user' as const, token: ben.token, ...once };
  const wiki = connect(wikiContract, { ...asAnn, url: mesh.url('wiki') });
  const { id } = await wiki.pages.create.mutate({ slug: randomUUID(), title: 'A page', body: 'Text' });
  return {
    page: id,
    refreshToken: ann.refreshToken,
    comments: 0,
    wiki,
    bensWiki: connect(wikiContract, { ...asBen, url: mesh.url('wiki') }),
    auth: connect(authContract, { ...asAnn, url: mesh.url('auth') }),
    anyone: connect(authContract, { as: 'anyone', url: mesh.url('auth'), ...once }),
    notification: connect(notificationContract, { ...asAnn, url: mesh.url('notification') }),
  };
}

/** Makes one of the calls: reads of each service, a write that notifies through the outbox, a new access token. */
function callers() {
  let refreshing: Promise<unknown> = Promise.resolve();
  const calls = [
    () => people.wiki.pages.list.query({}),
    () => people.auth.users.me.query(),
    () => people.notification.notifications.unreadCount.query(),
    async () => {
      await people.bensWiki.comments.create.mutate({ pageId: people.page, body: 'Well said' });
      people.comments += 1;
    },
    // Each token has one successor: one exchange after another.
    () =>
      (refreshing = refreshing
        .catch(() => {})
        .then(async () => {
          const next = await people.anyone.sessions.refresh.mutate({ refreshToken: people.refreshToken });
          people.refreshToken = next.refreshToken;
        })),
  ];
  return (n: number) => untilAdmitted(async () => calls[n % calls.length]?.());
}

async function untilAdmitted(call: () => Promise<unknown>): Promise<void> {
  for (let refusals = 0; ; refusals += 1) {
    try {
      await call();
      return;
    } catch (error) {
      if (!String(error).includes('The service is overloaded') || refusals === 20) throw error;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}

/** Does something while users call, and prints how many calls were made. @returns Those that failed. */
async function underLoad(what: string, work: () => Promise<void>): Promise<readonly string[]> {
  const over = new AbortController();
  const load = openLoop({ perSecond, stopped: () => over.signal.aborted, call: callers() });
  await new Promise((resolve) => setTimeout(resolve, 1000));
  await work();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  over.abort();
  const { calls, failures } = await load;
  console.log(`${what}: ${calls} calls, ${failures.length} failed`);
  expect(calls).toBeGreaterThan(perSecond);
  return failures;
}

const urlAs = (role: string, password: string) =>
  `postgres://${role}:${password}@127.0.0.1:${mesh.database.cluster.port}/arcadium`;

/** Creates roles, or sets their passwords, as an operator does it. */
const provisionAs = (roleOf: (service: string) => string, password: string) =>
  provision({
    adminUrl: mesh.database.cluster.adminUrl,
    services: serviceNames.map((name) => ({
      name,
      url: urlAs(roleOf(name), password),
      ownerUrl: mesh.database.ownerUrl(name),
    })),
    log,
  });

async function rolesInUse(): Promise<string[]> {
  const { rows } = await admin.query<{ role: string }>(
    `SELECT DISTINCT usename AS role FROM pg_stat_activity
     WHERE datname = 'arcadium' AND usename <> 'postgres' ORDER BY 1`,
  );
  return rows.map(({ role }) => role);
}

test('database password, with a second role: the former role is not used any more and can be dropped', async () => {
  const next = (service: string) => `${service}_b`;
  const failed = await underLoad('database role', async () => {
    await provisionAs(next, 'second');
    await replace(serviceNames, 'DATABASE_URL', (service) => urlAs(next(service), 'second'));
    // LISTEN connections are replaced at their next check.
    await until(
      async () => (await rolesInUse()).join() === serviceNames.map(next).toSorted().join(),
      'no session has a former role',
    );
    for (const service of serviceNames) await admin.query(`DROP OWNED BY ${service}; DROP ROLE ${service}`);
  });
  expect(failed).toEqual([]);
});

test('database password of the same role: first in the file, then in the database', async () => {
  const failed = await underLoad('database password', async () => {
    const role = (service: string) => `${service}_b`;
    const replaced = replace(serviceNames, 'DATABASE_URL', (service) => urlAs(role(service), 'third'));
    await until(() => serviceNames.every((one) => lines(one, unusable).length > 0), 'each waits for it');
    await provisionAs(role, 'third');
    await replaced;
    expect(serviceNames.map((one) => lines(one, unusable).length)).toEqual([1, 1, 1]);
  });
  expect(failed).toEqual([]);
});

test('service token: the former one is revoked, and notifications are delivered with the new one', async () => {
  const failed = await underLoad('service token', async () => {
    const former = secretsOf('wiki').get('SERVICE_TOKEN');
    await secretsOf('wiki').set({ SERVICE_TOKEN: await mesh.identity.serviceToken('wiki') });
    const adopted =
      'the service token is renewed: another process of this service has written a new one to the file';
    await until(() => lines('wiki', adopted).length === 1, 'the wiki has the new token');
    await using asAdmin = connect(authContract, {
      as: 'admin',
      url: mesh.url('auth'),
      token: await newAdministrator(mesh),
      log,
    });
    await asAdmin.serviceTokens.revoke.mutate({ tokenId: idOf(former) });
    const told = people.comments;
    await until(
      async () => (await people.notification.notifications.unreadCount.query()).count > told,
      'comments made since then are delivered',
    );
  });
  expect(failed).toEqual([]);
});

test('signing keys: the new one signs, tokens of the former one stay valid', async () => {
  const failed = await underLoad('signing keys', async () => {
    const next = await generateSigningKey();
    const keys = JSON.stringify({ keys: [next, mesh.identity.jwk] });
    await replace(['auth'], 'SIGNING_KEYS', () => keys);
    await replace(serviceNames.slice(1), 'PUBLIC_KEYS', () =>
      JSON.stringify({ keys: [publicPart(next), publicPart(mesh.identity.jwk)] }),
    );
    const answer = await fetch(`${mesh.url('auth')}/.well-known/jwks.json`);
    expect(await answer.text()).toContain(next.kid);
    // As if the 15 minutes were over in which verifiers get to know it.
    await admin.query(`UPDATE auth.signing_keys SET active_from = now() WHERE kid = $1`, [next.kid]);
    await admin.query(`NOTIFY auth_signing_keys`);
    await until(async () => {
      const { accessToken } = await newSession();
      return headerOf(accessToken).kid === next.kid && (await works(accessToken));
    }, 'tokens are signed with the new key');
  });
  expect(failed).toEqual([]);
});

test('encryption key: what is stored is encrypted again, and the former key is taken away', async () => {
  const failed = await underLoad('encryption key', async () => {
    const [former, next] = [secretsOf('auth').get('ENCRYPTION_KEY'), randomBytes(32).toString('base64url')];
    await secretsOf('auth').set({ ENCRYPTION_KEY: next });
    await until(
      () => lines('auth', unusable, 'ENCRYPTION_KEY').length === 1,
      'a key without the former one is refused',
    );
    await replace(['auth'], 'ENCRYPTION_KEY', () => `${next},${former}`);
    const done = 'everything stored is encrypted with the first ENCRYPTION_KEY; the others can be removed';
    await until(() => lines('auth', done).length === 1, 'everything is encrypted again');
    await replace(['auth'], 'ENCRYPTION_KEY', () => next);
  });
  expect(failed).toEqual([]);
});

test('files with nonsense change nothing, and each is logged once', async () => {
  const before = serviceNames.flatMap((service) => lines(service, unusable)).length;
  const failed = await underLoad('nonsense in every file', async () => {
    const names = (service: ServiceName) =>
      Object.keys(secretsOf(service).settings)
        .map((name) => name.replace(/_FILE$/, ''))
        .filter((name) => name !== 'SERVICE_TOKEN' && name !== 'DATABASE_OWNER_URL');
    const expected = serviceNames.flatMap(names).length;
    for (const service of serviceNames)
      await secretsOf(service).set(Object.fromEntries(names(service).map((name) => [name, 'nonsense'])));
    const told = () => serviceNames.flatMap((service) => lines(service, unusable)).length - before;
    await until(() => told() >= expected, 'each file is logged');
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(told()).toBe(expected);
    for (const one of running.values()) expect(one.output()).not.toContain('nonsense"');
  });
  expect(failed).toEqual([]);
});

test('every comment was delivered, once', async () => {
  await until(
    async () => (await people.notification.notifications.unreadCount.query()).count >= people.comments,
    'all comments are delivered',
  );
  expect((await people.notification.notifications.unreadCount.query()).count).toBe(people.comments);
});

function idOf(token: string): string {
  return (JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as { jti: string }).jti;
}

function headerOf(token: string): { kid: string } {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as { kid: string };
}

async function newSession(): Promise<{ accessToken: string }> {
  const person = await newPerson(mesh, 'Carl');
  return { accessToken: person.token };
}

/** Whether every service accepts a user's token. */
async function works(token: string): Promise<boolean> {
  await using wiki = connect(wikiContract, { as: 'user', url: mesh.url('wiki'), token, log });
  await using notification = connect(notificationContract, {
    as: 'user',
    url: mesh.url('notification'),
    token,
    log,
  });
  await wiki.pages.list.query({});
  await notification.notifications.unreadCount.query();
  return true;
}
