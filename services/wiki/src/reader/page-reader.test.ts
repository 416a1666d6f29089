import { recordingLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { createPageReader } from './page-reader.ts';

const log = recordingLogger();
beforeEach(() => void (log.lines.length = 0));

// Long limits, so that a busy machine makes no difference.
const patient = createPageReader({ log, waitMs: 60_000, readMs: 60_000 });
const brisk = createPageReader({ log, waitMs: 60_000, readMs: 200 });
afterAll(async () => {
  await patient.close();
  await brisk.close();
});

const source = (body: string) => ({ slug: 'docs/a', title: 'Mesh', body });
const beforeLink = (body: string) => source(`${body}\n\n# Part\n\n[b](b.md) word`);

test('reads a page', async () => {
  const { links, terms, plain } = await patient.read(beforeLink('Hello *there*.'));
  expect(links).toEqual([{ target: 'docs/b', markdown: true, text: 'b' }]);
  expect(terms.map(({ term }) => term)).toEqual(['mesh', 'part', 'hello', 'word']);
  expect(plain).toBe('Hello there.\nPart\nb word');
});

test('many at once, each gets its own', async () => {
  const found = await Promise.all(
    Array.from({ length: 50 }, (_, n) => patient.read(source(`[x](page-${n})`))),
  );
  expect(found.map(({ links }) => links[0]?.target)).toEqual(
    Array.from({ length: 50 }, (_, n) => `docs/page-${n}`),
  );
});

test('200,000 characters of ordinary text are read, not skimmed', { timeout: 60_000 }, async () => {
  const text = 'A sentence with a [link](b.md), *stress* and `code`, as they come.\n\n'.repeat(2900);
  expect((await patient.read(source(text))).links).toHaveLength(1000);
  expect(log.lines).toEqual([]);
});

test('what is nested too deeply for the parser is skimmed', { timeout: 20_000 }, async () => {
  expect((await patient.read(beforeLink('> '.repeat(5000)))).links).toEqual([
    { target: 'docs/b', markdown: true, text: 'b' },
  ]);
  expect(log.lines).toMatchObject([
    { level: 'warn', fields: { slug: 'docs/a', problem: expect.stringContaining('call stack') } },
  ]);
});

describe('200,000 characters that keep a parser busy are skimmed, and the link after them is found', () => {
  test.each(['>', '>- ', '[', '*a_ ', 'a**b', '> a\n', '- '])('%j', { timeout: 20_000 }, async (part) => {
    const startedAt = performance.now();
    const { links } = await brisk.read(beforeLink(part.repeat(200_000 / part.length)));
    // 0.2 s for the parser, and the rest for a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(links).toContainEqual({ target: 'docs/b', markdown: true, text: 'b' });
  });
});

test(
  'a page that had to be skimmed is in the log, and the next one is read as ever',
  { timeout: 20_000 },
  async () => {
    const reader = createPageReader({ log, threads: 1, waitMs: 60_000, readMs: 500 });
    await reader.read(source('>- '.repeat(60_000)));
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { problem: 'Error: took more than 500 ms' } }]);
    // A reference, which skimming does not recognise.
    const { links } = await reader.read(source('[ref]\n\n[ref]: c.md'));
    expect(links).toEqual([{ target: 'docs/c', markdown: true, text: 'ref' }]);
    await reader.close();
  },
);

test('pages behind one that is stuck do not wait for ever', { timeout: 20_000 }, async () => {
  const reader = createPageReader({ log, threads: 1, waitMs: 50, readMs: 1000 });
  let stuck = true;
  const first = reader.read(source('>- '.repeat(60_000))).finally(() => (stuck = false));
  await expect(reader.read(source('[b](b.md)'))).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  expect(stuck).toBe(true);
  await first;
  expect((await reader.read(source('[b](b.md)'))).links).toEqual([
    { target: 'docs/b', markdown: true, text: 'b' },
  ]);
  await reader.close();
});
