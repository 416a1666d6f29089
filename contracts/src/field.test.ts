import { describe, expect, test } from 'vitest';
import { label } from './field.ts';

const name = label(100);

describe('a name or a title', () => {
  test.each([
    'Ann',
    '  Zażółć gęślą  ',
    '東京',
    'กรุงเทพ',
    'مي\u200Cخواهم',
    'שלום, world',
    'क्\u200Dष',
    '👩\u200D👩\u200D👧',
    '🏴\u{E0067}\u{E0062}\u{E007F}',
    '?!',
    '$',
    '1',
    '𐐀',
    'e\u0301',
  ])('%j is taken', (text) => {
    expect(name.parse(text)).toBe(text.trim());
  });

  test.each([
    ['nothing', ''],
    ['white space', ' \u00A0\u3000'],
    ['zero-width spaces', '\u200B\u200B'],
    ['joiners', '\u200C\u200D\u2060\uFEFF'],
    ['fillers of Hangul', '\u3164\uFFA0\u115F\u1160'],
    ['Braille without dots', '\u2800\u2800'],
    ['a soft hyphen', '\u00AD'],
    ['a variation selector', '\uFE0F\u{E0100}'],
    ['tags', '\u{E0041}\u{E0042}'],
    ['a mark without a letter', '\u0301'],
    ['invisible operators', '\u2062\u2063'],
    ['what is private', '\u{E000}'],
  ])('of %s has nothing to see', (_, text) => {
    expect(name.safeParse(text).success).toBe(false);
  });

  test.each([0x61c, 0x200e, 0x200f, 0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069])(
    'with the mark of direction %i is refused, wherever it stands',
    (code) => {
      const mark = String.fromCodePoint(code);
      for (const text of [`${mark}gpj.exe`, `Ann${mark}`, `א${mark}ב`]) {
        expect(name.safeParse(text).success).toBe(false);
      }
    },
  );

  test.each(['a\nb', 'a\tb', 'a\u2028b', 'a\u2029b', 'a\u0085b', 'a\0b', 'x'.repeat(101)])(
    '%j is refused',
    (text) => {
      expect(name.safeParse(text).success).toBe(false);
    },
  );
});
