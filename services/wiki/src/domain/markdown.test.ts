import { describe, expect, test } from 'vitest';
import { parseMarkdown } from './markdown.ts';
import type { Outline } from './outline.ts';
import { skimMarkdown } from './skim.ts';

const page = `Before any heading, with \`code\`.

# The *house* & its [rooms](rooms.md)

Some <b>bold</b> claim[^1], see [the map][map] and <https://example.org>.

\`\`\`ts
const secret = '[no link](nowhere.md)';
\`\`\`

## Part

| a | b |
|---|---|
| [cell](cell.md) | two |

## Part

![a picture](picture.png) and [linked ![picture](p.png)](gallery.md)

[map]: docs/map.md "title"
[map]: other.md
[unused]: unused.md

[^1]: A [footnote](foot.md).
`;

describe('parseMarkdown', () => {
  const outline = parseMarkdown(page);

  test('finds links, references and those in tables and footnotes, but neither images nor code', () => {
    expect(outline.links).toEqual([
      { href: 'rooms.md', text: 'rooms' },
      { href: 'docs/map.md', text: 'the map' },
      { href: 'https://example.org', text: 'https://example.org' },
      { href: 'cell.md', text: 'cell' },
      { href: 'gallery.md', text: 'linked picture' },
      { href: 'foot.md', text: 'footnote' },
    ]);
  });

  test('cuts the page at its headings, with the anchors that GitHub gives them', () => {
    expect(outline.sections.map(({ heading, anchor }) => [heading, anchor])).toEqual([
      [null, null],
      ['The house & its rooms', 'the-house--its-rooms'],
      ['Part', 'part'],
      ['Part', 'part-1'],
    ]);
  });

  test('takes off markup and HTML, and keeps code apart', () => {
    expect(outline.sections[0]?.text).toBe('Before any heading, with code.');
    expect(outline.sections[1]?.text).toBe('Some bold claim, see the map and https://example.org.');
    expect(outline.sections[1]?.code).toBe("const secret = '[no link](nowhere.md)';");
    expect(outline.sections[2]?.text).toBe('a\nb\ncell\ntwo');
  });
});

test('an anchor that nobody could type is left out', () => {
  expect(parseMarkdown(`# ${'a'.repeat(201)}`).sections[0]?.anchor).toBeNull();
  expect(parseMarkdown(`# ${'a'.repeat(200)}`).sections[0]?.anchor).toHaveLength(200);
  expect(parseMarkdown('# !?').sections[0]?.anchor).toBeNull();
});

test.each(['', ' \n\t', '\u{FEFF}', '\uD800', '\r\r\n', '# ', '[]()', '[a]: b', '&#0;'])(
  'takes %j as it is, with no link',
  (body) => {
    expect(parseMarkdown(body).links.filter(({ href }) => href !== '')).toEqual([]);
  },
);

describe('skimMarkdown', () => {
  test('finds headings, plain links and fenced code', () => {
    const outline: Outline = skimMarkdown(
      'Top [a](a.md).\r\n\r\n## Part two ##\n~~~\n[no](no.md)\n```\n~~~\nMore [b c](<b.md> "t") *words*',
    );
    expect(outline.links).toEqual([
      { href: 'a.md', text: 'a' },
      { href: 'b.md', text: 'b c' },
    ]);
    expect(outline.sections.map(({ heading, anchor }) => [heading, anchor])).toEqual([
      [null, null],
      ['Part two', 'part-two'],
    ]);
    expect(outline.sections[1]?.code).toBe('[no](no.md)\n```');
    expect(outline.sections[1]?.text).toContain('words');
    expect(outline.sections[1]?.text).not.toContain('*');
  });

  test.each(hostileTexts(200_000))('skims 200,000 characters of %j in a moment', (_, body) => {
    const startedAt = performance.now();
    skimMarkdown(body);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});

/** Texts that cause quadratic time or deep recursion in parsers, by the part they repeat. */
function hostileTexts(length: number): [string, string][] {
  const parts = [
    '>',
    '> ',
    '>- ',
    '[',
    '[a](',
    '![',
    '*a_ ',
    'a**b',
    '~a~ ~~',
    '<a ',
    '&',
    '[^a]: ',
    '|',
    '`a',
    'a\n',
    '#',
    '# ',
    '(',
    'a@b.',
  ];
  return parts.map((part) => [part, part.repeat(Math.ceil(length / part.length))]);
}
