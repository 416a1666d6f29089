import { recordingLogger } from '@arcadium/mesh/testing';
import { afterAll, describe, expect, test } from 'vitest';
import { createPageReader } from './page-reader.ts';

const logger = recordingLogger();
const reader = createPageReader({ log: logger });
afterAll(() => reader.close());

const source = (body: string) => ({ slug: 'docs/a', title: 'Mesh', body });
const linked = (body: string) => reader.read(source(`${body}\n\n# Part\n\n[b](b.md) word`));

test('reads a page', async () => {
  const { links, terms, plain } = await linked('Hello *there*.');
  expect(links).toEqual([{ target: 'docs/b', text: 'b' }]);
  expect(terms.map(({ term }) => term)).toEqual(['mesh', 'part', 'hello', 'word']);
  expect(plain).toBe('Hello there.\nPart\nb word');
});

test('many at once, each gets its own', async () => {
  const found = await Promise.all(Array.from({ length: 50 }, (_, n) => reader.read(source(`[x](page-${n})`))));
  expect(found.map(({ links }) => links[0]?.target)).toEqual(Array.from({ length: 50 }, (_, n) => `docs/page-${n}`));
});

test('200,000 characters of ordinary text are read, not skimmed', async () => {
  logger.lines.length = 0;
  const text = 'A sentence with a [link](b.md), *stress* and `code`, as they come.\n\n'.repeat(2900);
  expect((await linked(text)).links).toHaveLength(1000);
  expect(logger.lines).toEqual([]);
});

describe('200,000 characters that a parser chokes on are skimmed, and the links after them found', () => {
  test.each(['>', '>- ', '[', '*a_ ', 'a**b', '> a\n', '- '])('%j', async (part) => {
    const startedAt = performance.now();
    const { links } = await linked(part.repeat(200_000 / part.length));
    // The thread's 3 s, and the time of a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(links).toContainEqual({ target: 'docs/b', text: 'b' });
  });
});

test('a page that had to be skimmed is in the log, and the next one is read as ever', async () => {
  logger.lines.length = 0;
  await linked('>- '.repeat(60_000));
  expect(logger.lines).toMatchObject([{ level: 'warn', fields: { slug: 'docs/a' } }]);
  const { links } = await reader.read(source('[ref]\n\n[ref]: c.md'));
  expect(links).toEqual([{ target: 'docs/c', text: 'ref' }]);
});

test('pages behind one that is stuck do not wait for ever', async () => {
  const impatient = createPageReader({ log: logger, threads: 1, waitMs: 50, readMs: 1000 });
  const stuck = impatient.read(source('>- '.repeat(60_000)));
  const startedAt = performance.now();
  const behind = await impatient.read(source('[b](b.md)'));
  expect(performance.now() - startedAt).toBeLessThan(900);
  expect(behind.links).toEqual([{ target: 'docs/b', text: 'b' }]);
  await stuck;
  await impatient.close();
});
