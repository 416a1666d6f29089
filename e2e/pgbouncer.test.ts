import { randomUUID } from 'node:crypto';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { noPgBouncer, startPgBouncer, type TestPgBouncer } from '@arcadium/postgres/testing-pgbouncer';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startDatabase, type OwnDatabase } from './src/database.ts';
import { serviceNames, startMesh, until, type TestMesh } from './src/mesh.ts';
import { newPerson } from './src/people.ts';
import { startNode } from './src/process.ts';
import { tellStory } from './src/story.ts';

describe.skipIf(noPgBouncer)('behind PgBouncer (skipped where it is not installed)', () => {
  let direct: OwnDatabase;
  let pooler: TestPgBouncer;
  let mesh: TestMesh<OwnDatabase>;
  beforeAll(async () => {
    // Nothing is migrated yet.
    direct = await startDatabase(serviceNames);
    pooler = await startPgBouncer(serviceNames.map(direct.url));
    mesh = await startMesh(
      {},
      { ...direct, url: (service) => pooler.through(direct.url(service)), directUrl: direct.url },
    );
  });
  afterAll(async () => {
    await mesh?.[Symbol.asyncDispose]();
    await pooler?.[Symbol.asyncDispose]();
  });

  const held = [0, expect.stringContaining('Every check passed')];

  test('the story holds in transaction mode, from migrations to a live notification', async () => {
    expect(await tellStory(mesh)).toEqual(held);
  });

  test('who watches is told of what comes after a restart of PgBouncer, in session mode, and of PostgreSQL', async () => {
    const [ann, ben] = await Promise.all([newPerson(mesh, 'ann'), newPerson(mesh, 'ben')]);
    const told: string[] = [];
    const watch = ann.notification.notifications.watch.subscribe(undefined, {
      onData: ({ data }) => told.push(data.body),
    });
    const page = { slug: `page-${randomUUID()}`, title: 'A page', body: 'Text' };
    const { id: pageId } = await ann.wiki.pages.create.mutate(page);
    const comment = async (body: string): Promise<void> => {
      await ben.wiki.comments.create.mutate({ pageId, body });
      await until(() => told.some((one) => one.includes(body)), `Ann is told of ${body}`);
    };
    await comment('first');

    await pooler.restart({ pool_mode: 'session' });
    await mesh.healthy();
    await comment('second');
    expect(await tellStory(mesh)).toEqual(held);

    await direct.cluster.kill();
    await until(async () => (await mesh.health('wiki')).status === 'unhealthy', 'the wiki is unhealthy');
    await direct.cluster.start();
    await mesh.healthy();
    await comment('third');
    watch.unsubscribe();
    expect(told).toHaveLength(3);
    for (const service of serviceNames)
      expect(mesh.process(service).output()).not.toContain('LISTEN receives nothing');
  });

  test('a service without DATABASE_DIRECT_URL ends at once, with one error that names it', async () => {
    const { DATABASE_DIRECT_URL: _, ...rest } = mesh.environment('wiki');
    const wiki = startNode('services/wiki/src/main.ts', { ...rest, PORT: String(await findFreePort()) });
    expect(await wiki.ended).toBe(1);
    expect(wiki.output()).toMatch(
      /The configuration is invalid:\n {2}- DATABASE_URL: leads to a connection pooler.*DATABASE_DIRECT_URL/,
    );
    expect(wiki.output()).not.toContain('waiting for the database');
  });
});
