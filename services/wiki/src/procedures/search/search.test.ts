import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWiki, user, type TestWiki } from '../../testing/service.ts';

let wiki: TestWiki;
const ann = user('Ann');
let scripts = 0;

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
    const body = '\u{E000}gizmo\u{E001} <b>gizmos</b> `<im<b>g src=x onerror=alert("1")>` & \\<mark\\>';
    await wiki.publish('hostile', { title: 'Hostile', body });
    const { items } = await wiki.ask('search.query', { text: 'gizmo' });
    const excerpt = items[0]?.excerpt ?? '';
    expect(excerpt).toMatch(
      /^\u{E000}<mark>gizmo<\/mark>\u{E001} <mark>gizmos<\/mark> &lt;im&lt;b&gt;g src=x/u,
    );
    expect(excerpt.replaceAll(/<\/?mark>/g, '')).not.toMatch(/[<>"]|&(?!amp;|lt;|gt;|quot;|#39;)/);
    expect(excerpt.match(/<mark>/g)).toHaveLength(2);
  });

  test.each([
    ['He said “quorum” – left…done.', 'quorum', 'He said “<mark>quorum</mark>” – left…done.'],
    ['¿Qué? «Días» después…', 'dias', '¿Qué? «<mark>Días</mark>» después…'],
    ['我们在东京城里学习分布式系统。', '分布式', '我们在东京城里学习<mark>分布式</mark>系统。'],
    ['私は大阪城公園で会いました', '大阪', '私は<mark>大阪</mark>城公園で会いました'],
    ['私はニューヨークへ行く', 'ヨーク', '私はニュー<mark>ヨーク</mark>へ行く'],
    ['ฉันเรียนภาษาไทยทุกวัน', 'ภาษาไทย', 'ฉันเรียน<mark>ภาษาไทย</mark>ทุกวัน'],
    ['ខ្ញុំរៀនភាសាខ្មែរ', 'ភាសា', 'ខ្ញុំរៀន<mark>ភាសា</mark>ខ្មែរ'],
    ['한국어는 어렵다', '한국어', '<mark>한국어</mark>는 어렵다'],
    ['Он сказал: «Кворум»!', 'кворум', 'Он сказал: «<mark>Кворум</mark>»!'],
    ['قال: «النصاب»، ثم ذهب', 'النصاب', 'قال: «<mark>النصاب</mark>»، ثم ذهب'],
    ['सभा में “गणपूर्ति” है', 'गणपूर्ति', 'सभा में “<mark>गणपूर्ति</mark>” है'],
    ['一個字：鯨。', '鯨', '一個字：<mark>鯨</mark>。'],
    ['深海の白鯨', '白', '深海の<mark>白</mark>鯨'],
  ])('in %j, %j is found and marked', async (body, text, excerpt) => {
    const slug = `script/${scripts++}`;
    await wiki.publish(slug, { title: 'Script', body });
    const { items } = await wiki.ask('search.query', { text });
    expect(items.map((item) => [item.page.slug, item.excerpt])).toEqual([[slug, excerpt]]);
    // Also as a phrase.
    expect(await search(`“${text}”`)).toEqual([slug]);
  });

  test('what the index has, search finds: in every form, far into a page', async () => {
    const filler = '東京は雨。 '.repeat(20_000);
    await wiki.publish('far', { title: 'Çok uzun', body: `${filler}\n\n蜃気楼が見えた。Mirage, “Éclipse”…` });
    for (const term of ['蜃気楼', 'mirage', 'eclipse', 'cok']) {
      const { items } = await wiki.ask('index.get', { term });
      expect([term, items.map(({ slug }) => slug)]).toEqual([term, ['far']]);
      expect([term, await search(term)]).toEqual([term, ['far']]);
    }
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
