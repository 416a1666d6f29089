import { describe, expect, test } from 'vitest';
import { indexTerms, mostTerms } from './index-terms.ts';
import type { Section } from './outline.ts';
import { normaliseTerm, termsOf } from './words.ts';

const section = (part: Partial<Section>): Section => ({
  heading: null,
  anchor: null,
  text: '',
  code: '',
  ...part,
});

describe('termsOf', () => {
  test.each([
    ['The Über-Café is ΆΛΦΑ', ['uber', 'cafe', 'αλφα']],
    ["Don't panic: it's the author's own", ['panic', 'author']],
    ['page_links v2 2026 3.14', ['page_links', 'v2']],
    ['a I x', []],
    ['東京と大阪。', ['東京', '大阪']],
    ['भाषा विज्ञान', ['भाषा', 'विज्ञान']],
    ['한국어', ['한국어']],
    ['İstanbul ISTANBUL', ['istanbul', 'istanbul']],
    [`${'x'.repeat(41)} ${'y'.repeat(40)}`, ['y'.repeat(40)]],
  ])('%j holds %j', (text, terms) => {
    expect([...termsOf(text)]).toEqual(terms);
  });

  test('words that say nothing are left out', () => {
    expect([...termsOf("The author isn't what it was, don't you think?")]).toEqual(['author', 'think']);
  });

  test.each([
    ['one word', 'x'.repeat(200_000)],
    ['no spaces in Japanese', '東京都に住んでいます。'.repeat(18_000)],
    ['one long Thai run', 'ภาษาไทย'.repeat(28_000)],
    ['marks', `e${'\u0301'.repeat(200_000)}`],
    ['different words', Array.from({ length: 40_000 }, (_, n) => n.toString(36)).join(' ')],
  ])('200,000 characters take a moment: %s', (_, text) => {
    const startedAt = performance.now();
    expect(indexTerms('', [section({ text })]).length).toBeLessThanOrEqual(mostTerms);
    expect(performance.now() - startedAt).toBeLessThan(2000);
  });
});

test('a term is asked for in the form in which it is stored', () => {
  expect(normaliseTerm(' CAFÉ\0 ')).toBe('cafe');
  expect(normaliseTerm('が')).toBe('が');
});

describe('indexTerms', () => {
  const terms = indexTerms('Mesh map', [
    section({ text: 'mesh breaker' }),
    section({ heading: 'Breaker', anchor: 'breaker', text: 'breaker half half' }),
    section({ heading: 'Half', anchor: 'half', text: 'half', code: 'hidden' }),
  ]);
  const entry = (term: string, kind: string) => terms.find((one) => one.term === term && one.kind === kind);

  test('has one entry for each term and kind, with the first place', () => {
    expect(terms.map(({ term, kind, anchor }) => `${term} ${kind} ${anchor}`).toSorted()).toEqual([
      'breaker body null',
      'breaker heading breaker',
      'half body breaker',
      'half heading half',
      'map title null',
      'mesh body null',
      'mesh title null',
    ]);
  });

  test('weighs title over heading over text, and the frequent over the rare', () => {
    const weights = [
      entry('map', 'title'),
      entry('half', 'heading'),
      entry('half', 'body'),
      entry('mesh', 'body'),
    ];
    expect(weights.map((one) => one?.weight)).toEqual([3.2, 2.2, 1.4286, 1.2]);
  });

  test('no frequency of a word in the text outweighs a heading', () => {
    const [heaviest] = indexTerms('', [
      section({ heading: 'rare', anchor: 'rare', text: 'often '.repeat(30_000) }),
    ]);
    expect(heaviest).toMatchObject({ term: 'rare', kind: 'heading' });
  });

  test('keeps the heaviest of too many', () => {
    const text = Array.from({ length: 1000 }, (_, n) => `word${n}`).join(' ');
    const many = indexTerms('title', [section({ text: `${text} word999` })]);
    expect(many).toHaveLength(mostTerms);
    expect(many.slice(0, 2).map(({ term }) => term)).toEqual(['title', 'word999']);
  });
});
