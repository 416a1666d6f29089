import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { serviceNames, startMesh, type ServiceName, type TestMesh } from './src/mesh.ts';
import { logIn, newPerson } from './src/people.ts';
import { root } from './src/process.ts';

// The wall clocks of running services are changed; the database's clock stays right.

const hourMs = 3_600_000;

let folder: string;
let mesh: TestMesh;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'arcadium-clock-'));
  mesh = await startMesh({
    NODE_OPTIONS: `--import=${join(root, 'e2e/src/set-clock.ts')}`,
    CLOCK_FOLDER: folder,
  });
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Sets the clocks of some services ahead of the real time, in milliseconds. */
async function setClocks(aheadMs: number, services: readonly ServiceName[] = serviceNames): Promise<void> {
  for (const service of services) {
    const path = join(folder, new URL(mesh.url(service)).port);
    await writeFile(`${path}.new`, String(aheadMs));
    await rename(`${path}.new`, path);
  }
}

type Asked = () => Promise<unknown>;

/** `OK`, or the code of the error. */
const answerTo = (ask: Asked): Promise<string> =>
  ask().then(
    () => 'OK',
    (error: unknown) => (error as { data?: { code?: string } }).data?.code ?? String(error),
  );

/** Repeats calls for a time. @returns All distinct answers. */
async function answersWithin(ms: number, asked: readonly Asked[]): Promise<string[]> {
  const answers = new Set<string>();
  for (const end = performance.now() + ms; performance.now() < end; await delay(100))
    for (const answer of await Promise.all(asked.map(answerTo))) answers.add(answer);
  return [...answers];
}

const healthOf = async (service: ServiceName) =>
  (await (await fetch(`${mesh.url(service)}/health`)).json()) as {
    status: string;
    dependencies: Record<string, string>;
  };

const saidBy = (service: ServiceName) =>
  mesh
    .process(service)
    .logged()
    .map(({ msg }) => String(msg));

test('a session that was ended, and a service’s token that was revoked, stay so while all clocks are two hours ahead for 75 s, back, and after', async () => {
  const [ann, ben] = [await newPerson(mesh, 'ann'), await newPerson(mesh, 'ben')];
  const stolen = await mesh.identity.serviceToken('wiki');
  const thief = connect(notificationContract, {
    as: 'wiki',
    url: mesh.url('notification'),
    token: stolen,
    log: silentLogger,
  });
  const message = { userId: ben.id, topic: 'page', title: 'Title', body: 'Body' } as const;
  const asked: Asked[] = [
    () => ann.wiki.pages.list.query({}),
    () => ann.notification.notifications.unreadCount.query(),
    () => thief.notifications.send.mutate({ ...message, key: 'the-same' }),
  ];
  const good: Asked = () => ben.wiki.pages.list.query({});
  for (const ask of [...asked, good]) expect(await answerTo(ask)).toBe('OK');
  const administrator = await newAdministrator();
  await ann.auth.sessions.logout.mutate({ refreshToken: ann.refreshToken });
  await administrator.serviceTokens.revoke.mutate({ tokenId: jtiOf(stolen) });
  expect(await answersWithin(1000, asked)).toEqual(['UNAUTHORIZED']);

  await setClocks(2 * hourMs);
  expect(await answersWithin(75_000, asked)).toEqual(['UNAUTHORIZED']);
  expect((await healthOf('auth')).dependencies).toMatchObject({ clock: 'unhealthy' });
  await setClocks(0);
  expect(await answersWithin(4000, asked)).toEqual(['UNAUTHORIZED']);
  await vi.waitFor(async () => expect(await answerTo(good)).toBe('OK'), { timeout: 5000, interval: 100 });

  await setClocks(-2 * hourMs);
  expect(await answersWithin(5000, asked)).toEqual(['UNAUTHORIZED']);
  await setClocks(0);
  expect(await answersWithin(4000, asked)).toEqual(['UNAUTHORIZED']);
  await vi.waitFor(async () => expect(await answerTo(good)).toBe('OK'), { timeout: 5000, interval: 100 });
  await thief[Symbol.asyncDispose]();
}, 180_000);

test.each([
  ['wiki', 'auth', -hourMs, "3,600 s behind auth's"],
  ['notification', 'auth', hourMs, "3,600 s ahead of auth's"],
  ['auth', 'the database', -hourMs, "3,600 s behind the database's"],
] as const)(
  'where the clock of %s is not that of %s, its health, its log and its metrics say so, until it is right',
  async (service, reference, aheadMs, words) => {
    await setClocks(aheadMs, [service]);
    await vi.waitFor(
      async () =>
        expect(await healthOf(service)).toMatchObject({
          status: 'degraded',
          dependencies: { clock: 'unhealthy' },
        }),
      { timeout: 15_000, interval: 100 },
    );
    await vi.waitFor(() =>
      expect(
        saidBy(service).filter((line) => line.includes(`this machine's clock is ${words}`)),
      ).toHaveLength(1),
    );
    const metrics = await (await fetch(`${mesh.url(service)}/metrics`)).text();
    expect(metrics).toMatch(
      new RegExp(
        `^mesh_clock_offset_seconds\\{reference="${reference}"\\} ${aheadMs < 0 ? '-' : ''}3(600|599)`,
        'm',
      ),
    );
    await setClocks(0, [service]);
    await vi.waitFor(async () => expect((await healthOf(service)).dependencies).not.toHaveProperty('clock'), {
      timeout: 15_000,
      interval: 100,
    });
    await vi.waitFor(() =>
      expect(saidBy(service)).toContain(`this machine's clock agrees with ${reference}'s again`),
    );
  },
);

async function newAdministrator() {
  const person = await newPerson(mesh, 'administrator');
  const database = new Client(mesh.database.adminUrl);
  await database.connect();
  await database.query(`UPDATE auth.users SET role = 'admin' WHERE id = $1`, [person.id]);
  await database.end();
  const { token } = await logIn(mesh, person);
  return connect(authContract, { as: 'admin', url: mesh.url('auth'), token, log: silentLogger });
}

function jtiOf(token: string): string {
  const [, payload = ''] = token.split('.');
  return (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { jti: string }).jti;
}
