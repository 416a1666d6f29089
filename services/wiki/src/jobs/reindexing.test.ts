import { randomUUID } from 'node:crypto';
import { recordingLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createPageReader, type PageReader } from '../reader/page-reader.ts';
import { openWiki, user, type TestWiki } from '../testing/service.ts';
import { Reindexing } from './reindexing.ts';

const log = recordingLogger();
const reader = createPageReader({ log, waitMs: 60_000 });
let wiki: TestWiki;
beforeAll(async () => void (wiki = await openWiki()));
afterAll(async () => {
  await reader.close();
  await wiki.close();
});
beforeEach(async () => {
  log.lines.length = 0;
  await wiki.pool.query('DELETE FROM pages');
});

const reindexing = (through: PageReader = reader) =>
  new Reindexing({ database: wiki.client, reader: through, log });

/** A page as the previous version of the service stores it. */
async function publishBefore(slug: string, body: string): Promise<string> {
  const id = randomUUID();
  await wiki.pool.query(
    `INSERT INTO pages (id, slug, title, body, plain, author_id) VALUES ($1, $2, $2, $3, $3, $1)`,
    [id, slug, body],
  );
  return id;
}

const search = async (text: string) =>
  (await wiki.all('search.query', { text })).map(({ page }) => page.slug).toSorted();

test('pages of the version before are found: by what that knew at once, then by every word', async () => {
  await publishBefore('english', 'The breakers said “quorum”.');
  await publishBefore('japanese', '私は大阪城公園で会いました [x](other)');
  const binned = await publishBefore('binned', '大阪');
  await wiki.pool.query('UPDATE pages SET deleted_at = now() WHERE id = $1', [binned]);
  expect(await search('breaker')).toEqual(['english']);
  expect(await search('quorum')).toEqual([]);

  expect(await reindexing().runOnce()).toBe(3);
  expect(await search('breaker')).toEqual(['english']);
  expect(await search('quorum')).toEqual(['english']);
  expect(await search('大阪')).toEqual(['japanese']);
  expect((await wiki.ask('index.get', { term: 'quorum' })).items).toMatchObject([{ slug: 'english' }]);
  expect((await wiki.ask('links.backlinks', { slug: 'other' })).items).toMatchObject([{ slug: 'japanese' }]);
  await wiki.call('pages.restore', user('root', 'admin'), { id: binned });
  expect(await search('大阪')).toEqual(['binned', 'japanese']);

  expect(await reindexing().runOnce()).toBe(0);
});

test('nothing else of a page changes, and nobody is told', async () => {
  const id = await publishBefore('quiet', 'Words.');
  const stored = () =>
    wiki.pool
      .query('SELECT title, body, revision, updated_at, search_vector FROM pages WHERE id = $1', [id])
      .then(({ rows }) => rows);
  const before = await stored();
  await reindexing().runOnce();
  expect(await stored()).toEqual(before);
  expect(await wiki.client.notificationOutbox.count()).toBe(0);
});

test('what the version before writes while both run is found as well', async () => {
  const { id } = await wiki.publish('mixed', { body: 'Domestic.' });
  await wiki.pool.query(
    `UPDATE pages SET body = '“foreign”', plain = '“foreign”', revision = revision + 1 WHERE id = $1`,
    [id],
  );
  expect(await reindexing().runOnce()).toBe(1);
  expect(await search('foreign')).toEqual(['mixed']);
  expect(await search('domestic')).toEqual([]);
});

test('replicas at once store each page once', async () => {
  for (let n = 0; n < 20; n += 1) await publishBefore(`many/${n}`, `“word${n}”`);
  const counts = await Promise.all([reindexing().runOnce(), reindexing().runOnce()]);
  expect(counts.reduce((sum, count) => sum + count)).toBe(20);
  expect(await search('word19')).toEqual(['many/19']);
});

test('a page that changes meanwhile keeps the words of its change; one that cannot be read holds up no other', async () => {
  const changing = await publishBefore('changing', '“old”');
  await publishBefore('odd', '“odd”');
  await publishBefore('other', '“third”');
  const interfering: PageReader = {
    ...reader,
    async read(source, asker) {
      if (source.slug === 'odd') throw new Error('odd');
      const content = await reader.read(source, asker);
      if (source.slug === 'changing') {
        await wiki.call('pages.update', user(), { id: changing, revision: 1, body: '“new”' });
      }
      return content;
    },
  };
  expect(await reindexing(interfering).runOnce()).toBe(1);
  expect(await search('new')).toEqual(['changing']);
  expect(await search('old')).toEqual([]);
  expect(await search('third')).toEqual(['other']);
  expect(log.lines).toMatchObject([{ level: 'warn', fields: { err: { message: 'odd' } } }]);
  // The next run does the rest.
  expect(await reindexing().runOnce()).toBe(1);
  expect(await search('odd')).toEqual(['odd']);
});

test('begins by itself, and ends when told', async () => {
  await publishBefore('begun', '“quorum”');
  const job = reindexing();
  job.start();
  await expect.poll(() => search('quorum')).toEqual(['begun']);
  await job.stop();
  expect(log.lines).toMatchObject([{ level: 'info', fields: { pages: 1 } }]);
});
