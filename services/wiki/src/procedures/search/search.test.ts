import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWiki, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
const ann = user('Ann');

beforeAll(async () => {
  wiki = await openWiki();
  await wiki.publish('mesh', {
    title: 'Service mesh',
    body: '# Breakers\n\nA breaker *opens* when calls fail. <script>alert("x")</script>',
  });
  await wiki.publish('breaker', { title: 'Circuit breaker', body: 'Closed, open & half-open.' });
  await wiki.publish('retry', {
    title: 'Retries',
    body: 'See `breaker` and [budget](budget.md).\n\n    code breaker\n',
  });
  await wiki.publish('percent', { title: '100% _sure_ \\ done', body: 'Nothing.' });
  const { id } = await wiki.publish('binned', { by: ann, title: 'Breaker in the bin', body: 'breaker' });
  await wiki.call('pages.delete', ann, { id });
});
afterAll(() => wiki.close());

describe('search.query', () => {
  const search = async (text: string) =>
    (await wiki.all('search.query', { text, limit: 1 })).map(({ page }) => page.slug);

  test('finds words in title and text in whatever form, title first, but not in the bin', async () => {
    const [first, ...others] = await search('breakers');
    expect([first, ...others.toSorted()]).toEqual(['breaker', 'mesh', 'retry']);
    expect((await wiki.ask('search.query', { text: 'breaking' })).items).toEqual([]);
    expect(await search('budget')).toEqual(['retry']);
    expect(await search('opening')).toEqual(expect.arrayContaining(['mesh', 'breaker']));
  });

  test('ranks fall, and are the same however large the bites', async () => {
    const bites = await wiki.all('search.query', { text: 'breaker or open or code', limit: 1 });
    const whole = await wiki.ask('search.query', { text: 'breaker or open or code' });
    expect(bites).toEqual(whole.items);
    expect(bites).toHaveLength(3);
    expect(bites.map(({ rank }) => rank)).toEqual(bites.map(({ rank }) => rank).toSorted((a, b) => b - a));
  });

  test('pages of one rank are all found once', async () => {
    for (let n = 0; n < 5; n += 1)
      await wiki.publish(`twin/${n}`, { title: 'Twin', body: 'identical words' });
    const found = await search('identical');
    expect(found).toHaveLength(5);
    expect(new Set(found).size).toBe(5);
  });

  test('understands phrases, alternatives and exclusion', async () => {
    expect(await search('"circuit breaker"')).toEqual(['breaker']);
    expect(await search('breaker -circuit -budget')).toEqual(['mesh']);
    expect((await search('budget or circuit')).toSorted()).toEqual(['breaker', 'retry']);
  });

  test('the excerpt is safe HTML, with the words found marked', async () => {
    // PostgreSQL leaves out what it takes for a tag, so that here it puts one together.
    const body = '\u{E000}gizmo\u{E001} <b>gizmos</b> `<im<b>g src=x onerror=alert("1")>` & \\<mark\\>';
    await wiki.publish('hostile', { title: 'Hostile', body });
    const { items } = await wiki.ask('search.query', { text: 'gizmo' });
    const excerpt = items[0]?.excerpt ?? '';
    expect(excerpt).toMatch(/^<mark>gizmo<\/mark> +<mark>gizmos<\/mark> +&lt;im g src=x/);
    expect(excerpt.replaceAll(/<\/?mark>/g, '')).not.toMatch(
      /[<>"\u{E000}\u{E001}]|&(?!amp;|lt;|gt;|quot;|#39;)/u,
    );
    expect(excerpt.match(/<mark>/g)).toHaveLength(2);
  });

  test.each([
    'the',
    '"',
    '-',
    '( & | ! ) :*',
    "'",
    '\\',
    '<->',
    'or',
    '\u{1F600}',
    `${'a '.repeat(99)}b`,
    '-nothing',
  ])('takes %j without complaint', async (text) => {
    expect((await wiki.ask('search.query', { text })).items.length).toBeLessThanOrEqual(20);
  });

  test('a page of the largest size and the worst words is saved, and found', async () => {
    // Hyphenated words and URLs take several times their length in the search vector, which holds 1 MiB.
    const word = (base: number, n: number) =>
      String.fromCodePoint(base + (n % 300), base + (Math.floor(n / 300) % 300));
    const worst = [
      (n: number) => `${n.toString(36)}ab-${n.toString(36)}cd `,
      (n: number) => `${n.toString(36)}.de/${n.toString(36)} `,
      (n: number) => `${word(0x4e00, n)}-${word(0x4e00, 7 * n + 1)} `,
      (n: number) => `${word(0xac00, n)}-${word(0xac00, 7 * n + 1)} `,
    ];
    for (const [index, next] of worst.entries()) {
      let body = 'needle ';
      for (let n = 0; body.length < 199_900; n += 1) body += next(n);
      await wiki.publish(`worst/${index}`, { title: `Worst ${index}`, body });
    }
    expect(await search('needle')).toHaveLength(worst.length);
  });
});

describe('search.suggest', () => {
  const suggest = async (text: string) =>
    (await wiki.ask('search.suggest', { text })).items.map(({ slug }) => slug);

  test('titles that begin with it, then those that hold it, then those like it', async () => {
    expect(await suggest('ser')).toEqual(['mesh']);
    expect((await suggest('break'))[0]).toBe('breaker');
    expect((await suggest('circiut braeker'))[0]).toBe('breaker');
    expect((await suggest('retrys'))[0]).toBe('retry');
    expect(await suggest('zzzz')).toEqual([]);
  });

  test('not from the bin, and no more than asked for', async () => {
    expect(await suggest('bin')).not.toContain('binned');
    expect((await wiki.ask('search.suggest', { text: 'e', limit: 2 })).items).toHaveLength(2);
  });

  test('takes every character as itself', async () => {
    expect(await suggest('100%')).toEqual(['percent']);
    expect(await suggest('%')).toEqual(['percent']);
    expect(await suggest('_sure_ \\')).toEqual(['percent']);
  });
});
