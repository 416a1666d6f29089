import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDatabase, type OwnDatabase } from './src/database.ts';
import { serviceNames, startMesh, until, type TestMesh } from './src/mesh.ts';
import { newPerson } from './src/people.ts';

let mesh: TestMesh<OwnDatabase>;
let ann: Awaited<ReturnType<typeof newPerson>>;
let ben: Awaited<ReturnType<typeof newPerson>>;
let pageId: string;

beforeAll(async () => {
  mesh = await startMesh({}, await startDatabase(serviceNames));
  [ann, ben] = await Promise.all([newPerson(mesh, 'ann'), newPerson(mesh, 'ben')]);
  ({ id: pageId } = await ann.wiki.pages.create.mutate({
    slug: `page-${randomUUID()}`,
    title: 'A page',
    body: 'Text',
  }));
});
afterAll(async () => {
  await mesh[Symbol.asyncDispose]();
});

describe('notification is killed', () => {
  test('a comment succeeds at once, wiki is degraded, and all is delivered when it is back', async () => {
    await ben.wiki.comments.create.mutate({ pageId, body: 'before' });
    await until(
      async () => (await ann.notification.notifications.unreadCount.query()).count === 1,
      'Ann was told',
    );

    mesh.process('notification').signal('SIGKILL');
    await mesh.process('notification').ended;
    const killedAt = performance.now();
    await ben.wiki.comments.create.mutate({ pageId, body: 'while it is away' });
    expect(performance.now() - killedAt).toBeLessThan(300);

    await until(async () => (await mesh.health('wiki')).status === 'degraded', 'wiki is degraded');
    expect(performance.now() - killedAt).toBeLessThan(5000);
    expect(await mesh.health('wiki')).toEqual({ http: 200, status: 'degraded' });

    const failures = () =>
      mesh
        .process('wiki')
        .logged()
        .filter(({ endpoint }) => String(endpoint).startsWith(mesh.url('notification')));
    await until(() => failures().length >= 2, 'the failed calls are logged');
    expect(failures()[0]).toMatchObject({
      endpoint: `${mesh.url('notification')}/trpc/notifications.sendBatch`,
      error: expect.stringMatching(/^(?:connect ECONNREFUSED|the connection was closed.*)$/),
      retry_count: 0,
      timestamp: expect.stringMatching(/^\d{4}-/),
      context: { retry_in_ms: expect.any(Number) },
    });
    expect(failures()[1]).toMatchObject({ retry_count: 1 });
    for (const line of mesh.process('wiki').output().split('\n'))
      expect(line.length).toBeLessThanOrEqual(300);

    const { pid } = mesh.process('wiki');
    mesh.start('notification');
    await mesh.healthy();
    await until(
      async () => (await ann.notification.notifications.unreadCount.query()).count === 2,
      'Ann was told of both',
    );
    expect(mesh.process('wiki').pid).toBe(pid);
  });
});

describe('PostgreSQL is killed', () => {
  test('services are unhealthy, calls fail fast, no process ends, and all is well when it is back', async () => {
    const pids = serviceNames.map((service) => mesh.process(service).pid);
    const saidBefore = serviceNames.map((service) => mesh.process(service).output().length);
    await mesh.database.cluster.kill();
    for (const service of serviceNames) {
      await until(async () => (await mesh.health(service)).http === 503, `${service} answers 503`);
      expect(await mesh.health(service)).toEqual({ http: 503, status: 'unhealthy' });
    }
    const startedAt = performance.now();
    const answer = await fetch(`${mesh.url('wiki')}/trpc/pages.list`);
    expect([answer.status, await answer.json()]).toMatchObject([
      503,
      { error: { data: { code: 'SERVICE_UNAVAILABLE' } } },
    ]);
    expect(performance.now() - startedAt).toBeLessThan(2000);

    await mesh.database.cluster.start();
    const backAt = performance.now();
    await mesh.healthy();
    expect(performance.now() - backAt).toBeLessThan(10_000);
    expect((await ann.wiki.pages.get.query({ id: pageId })).id).toBe(pageId);
    await ben.wiki.comments.create.mutate({ pageId, body: 'after' });
    await until(
      async () => (await ann.notification.notifications.unreadCount.query()).count === 3,
      'Ann was told again',
    );
    // One line for the whole outage, with the remedy, however many calls failed; and no long lines.
    for (const [index, service] of serviceNames.entries()) {
      const lines = mesh.process(service).output().slice(saidBefore[index]).split('\n');
      expect(lines.filter((line) => line.includes('"the database does not answer: calls'))).toHaveLength(1);
      expect(lines.filter((line) => line.includes('"the database answers again"'))).toHaveLength(1);
      expect(lines.filter((line) => line.length > 300)).toEqual([]);
    }
    // Signal 0 only checks that the process exists.
    for (const pid of pids) expect(() => process.kill(pid, 0)).not.toThrow();
  });
});

test('a comment on which the database dies is written whole or not at all', async () => {
  const before = (await ben.wiki.comments.list.query({ pageId, limit: 100 })).items.length;
  const attempts = Array.from({ length: 20 }, (_, n) =>
    ben.wiki.comments.create.mutate({ pageId, body: `number ${n}` }).then(
      () => 'written' as const,
      () => 'unknown' as const,
    ),
  );
  await mesh.database.cluster.kill();
  const outcomes = await Promise.all(attempts);
  await mesh.database.cluster.start();
  await mesh.healthy();
  // Not Ben's client, whose breaker stays open for a while after so many failures.
  const after = (await ann.wiki.comments.list.query({ pageId, limit: 100 })).items.length;
  expect(after - before).toBeGreaterThanOrEqual(outcomes.filter((outcome) => outcome === 'written').length);
  await until(
    async () => (await ann.notification.notifications.unreadCount.query()).count === after,
    'Ann was told of each comment that was written, and of no other',
  );
});

test('comments on which the wiki is killed, made again by their keys, are there once', async () => {
  const commentIds = async () =>
    (await ann.wiki.comments.list.query({ pageId, limit: 100 })).items.map(({ id }) => id);
  const before = await commentIds();
  const keys = Array.from({ length: 20 }, () => randomUUID());
  const say = async (key: string): Promise<string> => {
    const answer = await fetch(`${mesh.url('wiki')}/trpc/comments.create`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${ben.token}`,
        'idempotency-key': key,
      },
      body: JSON.stringify({ pageId, body: `by key ${key}` }),
    });
    if (!answer.ok) throw new Error(await answer.text());
    return ((await answer.json()) as { result: { data: { id: string } } }).result.data.id;
  };

  const attempts = keys.map(say);
  await Promise.any(attempts);
  mesh.process('wiki').signal('SIGKILL');
  await mesh.process('wiki').ended;
  const first = await Promise.allSettled(attempts);
  mesh.start('wiki');
  await mesh.healthy();

  const second = await Promise.all(keys.map(say));
  const known = first.map((result, n) => (result.status === 'fulfilled' ? result.value : second[n]));
  expect(second).toEqual(known);
  expect((await commentIds()).filter((id) => !before.includes(id)).toSorted()).toEqual(second.toSorted());
  await until(
    async () =>
      (await ann.notification.notifications.unreadCount.query()).count === before.length + keys.length,
    'Ann was told of each once',
  );
});

test('SIGTERM ends each service with exit code 0', async () => {
  for (const service of serviceNames) mesh.process(service).signal('SIGTERM');
  const codes = await Promise.all(serviceNames.map((service) => mesh.process(service).ended));
  expect(codes).toEqual([0, 0, 0]);
});
