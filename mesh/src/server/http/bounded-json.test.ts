import { describe, expect, test } from 'vitest';
import { parseBoundedJson } from './bounded-json.ts';

const megabyte = 1_000_000;
const list = (part: (index: number) => string, count: number) =>
  `[${Array.from({ length: count }, (_, index) => part(index)).join(',')}]`;

describe('a long text is refused that', () => {
  test.each([
    [
      'is nested too deep',
      '['.repeat(megabyte / 2) + ']'.repeat(megabyte / 2),
      /nested more than 100 levels/,
    ],
    ['nests objects', `${'{"a":'.repeat(20_000)}0${'}'.repeat(20_000)}`, /nested more than 100 levels/],
    ['nests without an end', '[{"a":'.repeat(20_000), /nested more than 100 levels/],
    ['holds too many objects', list(() => '{}', 30_000), /more than 20000 objects, arrays and keys/],
    ['holds too many arrays', list(() => '[]', 30_000), /more than 20000/],
    ['holds too many keys', `{${list((index) => `"k${index}":0`, 20_001).slice(1, -1)}}`, /more than 20000/],
    ['holds a string that never ends', `[${'"'.repeat(40_001)}`, /JSON/],
  ])('%s', (_what, text, message) => {
    expect(text.length).toBeGreaterThan(32 * 1024);
    expect(() => parseBoundedJson(text)).toThrow(message);
  });
});

describe('a long text is parsed that', () => {
  const strings = [
    '[{"a":'.repeat(megabyte / 6),
    '\\"[[[['.repeat(10_000),
    `${'\\'.repeat(40_001)}"[`,
    '"'.repeat(40_000),
    'ä€😀"\\'.repeat(10_000),
  ];
  test.each([
    ['has brackets and colons in its strings', strings],
    [
      'has keys like that',
      Object.fromEntries(strings.map((text, index) => [text + index, { [text]: index }])),
    ],
    ['is a long list of numbers', Array.from({ length: megabyte / 2 }, () => 0)],
    ['is a table', Array.from({ length: 3000 }, (_, id) => ({ id, name: 'x'.repeat(20), tags: [] }))],
  ])('%s', (_what, value) => {
    expect(parseBoundedJson(JSON.stringify(value))).toEqual(value);
  });
});

test('a short text is parsed whatever its form', () => {
  expect(parseBoundedJson(list(() => '[]', 10_000))).toHaveLength(10_000);
  expect(() => parseBoundedJson('[')).toThrow(SyntaxError);
});
