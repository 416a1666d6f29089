import { test } from 'vitest';
import { openWiki, user } from './testing/service.ts';
import { createPageReader } from './reader/page-reader.ts';
import { silentLogger } from '@arcadium/mesh/testing';
test('x', { timeout: 120000 }, async () => {
  const wiki = await openWiki();
  const reader = createPageReader({ log: silentLogger, readMs: 60000 });
  const time = async <T>(l: string, f: () => Promise<T>) => { const a = performance.now(); const r = await f(); console.log(l, '|', Math.round(performance.now() - a)); return r; };
  const words = 'alpha beta gamma delta epsilon zeta eta theta'.split(' ');
  const real = (size: number) => { let b = ''; let n = 0; while (b.length < size) { n++; b += (n % 10 === 0 ? `\n\n## Part ${n}\n\n` : '') + words.map((w) => w + ((n * 7) % 97)).join(' ') + ` [link ${n}](page-${n % 50}.md).\n`; } return b.slice(0, size); };
  for (const size of [2000, 20000, 100000, 199000]) {
    const body = real(size);
    await time('warm', () => reader.read({ slug: 'a', title: 'b', body }));
    await time(`read ${size}`, () => reader.read({ slug: 'a', title: 'b', body }));
    const page = await time(`create ${size}`, () => wiki.publish(`p/${size}`, { body }));
    await time(`update ${size}`, () => wiki.call('pages.update', user(), { id: page.id, revision: 1, body: body + 'x' }));
  }
  let body = 'needle ';
  for (let n = 50000; body.length < 199000; n++) body += `${n.toString(36)}ab-${n.toString(36)}cd `;
  await time('read hyphen', () => reader.read({ slug: 'a', title: 'b', body }));
  await time('create hyphen', () => wiki.publish('hyphen', { body }));
  for (let i = 0; i < 100; i++) await wiki.publish(`many/${i}`, { title: `Gizmo ${i}`, body: real(50000) + ' gizmo at the end' });
  await time('search 100 x 50k', () => wiki.ask('search.query', { text: 'gizmo', limit: 100 }));
  await time('search 20 x 50k', () => wiki.ask('search.query', { text: 'alpha7', limit: 20 }));
  await time('search miss', () => wiki.ask('search.query', { text: 'nothing', limit: 20 }));
  await wiki.client.page.createMany({ data: Array.from({ length: 20000 }, (_, n) => ({ slug: `bulk/${n}`, title: `Bulk page ${n}`, body: 'x', plain: 'some words', authorId: crypto.randomUUID() })) });
  await wiki.pool.query('ANALYZE');
  await time('suggest', () => wiki.ask('search.suggest', { text: 'gizzmo' }));
  await time('suggest broad', () => wiki.ask('search.suggest', { text: 'bulk' }));
  await time('suggest 1', () => wiki.ask('search.suggest', { text: 'b' }));
  await time('tree 20k', () => wiki.ask('pages.tree', {}));
  await time('orphans', () => wiki.ask('links.orphans', { limit: 100 }));
  await time('broken', () => wiki.ask('links.broken', { limit: 100 }));
  await time('index.list', () => wiki.ask('index.list', { limit: 100 }));
  await time('index.get', () => wiki.ask('index.get', { term: 'gizmo', limit: 100 }));
  await time('list', () => wiki.ask('pages.list', { limit: 100 }));
  await time('search some', () => wiki.ask('search.query', { text: 'words', limit: 20 }));
  await reader.close(); await wiki.close();
});
