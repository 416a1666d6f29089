import { expect, test } from 'vitest';
import { resolveTarget } from './link-target.ts';

test.each([
  ['docs/architecture', '../README.md', 'readme'],
  ['docs/architecture', 'adr/0001-x.md#part', 'docs/adr/0001-x'],
  ['docs/architecture', 'adr/0001-x.md?raw=1#part', 'docs/adr/0001-x'],
  ['docs/architecture', './adr/../Guide.MD', 'docs/guide'],
  ['docs/architecture', '/Setup.md', 'setup'],
  ['docs/architecture', '/docs//a/./b/', 'docs/a/b'],
  ['docs/architecture', '.', 'docs'],
  ['readme', 'docs/a%2Fb.md', 'docs/a/b'],
  ['readme', '%2e%2e/a', '../a'],
  ['readme', 'my%20page', 'my page'],
  ['readme', 'caf%C3%A9', 'café'],
  ['readme', 'cafe\u0301', 'café'],
  ['readme', '100%', '100%'],
  ['readme', '%E0%A4%A/x%zz', '%e0%a4%a/x%zz'],
  ['readme', 'a%00b', 'ab'],
  ['readme', ' docs/a\n.md ', 'docs/a'],
  ['readme', 'spec.pdf', 'spec.pdf'],
  ['readme', './note:todo', 'note:todo'],
])('on %s, %j leads to %j', (from, href, target) => {
  expect(resolveTarget(from, href)?.target).toBe(target);
});

test.each([
  'https://example.org/a.md',
  'HTTPS://example.org',
  'mailto:a@example.org',
  'java\nscript:alert(1)',
  '//example.org/a',
  ' \n//example.org/a',
  '#part',
  '?a=b',
  '',
  '   ',
  '/',
  '..',
])('%j leads to no page of the wiki', (href) => {
  expect(resolveTarget('docs/architecture', href)).toBeUndefined();
});

test('a link that climbs above the root keeps its steps, which no address has', () => {
  expect(resolveTarget('docs/architecture', '../../../x/../y.md')?.target).toBe('../../y');
  expect(resolveTarget('readme', '/../x')?.target).toBe('../x');
});

test('a target longer than any address is cut, and cannot be one', () => {
  const target = resolveTarget('readme', `${'a'.repeat(100_000)}.md`);
  expect(target?.target).toBe(`${'a'.repeat(199)}…`);
});

test.each([
  ['/notes.md', true],
  ['/notes.MD?raw=1#part', true],
  ['/notes', false],
  ['/notes.md/x', false],
])('%j says whether it is written with .md', (href, markdown) => {
  expect(resolveTarget('readme', href)?.markdown).toBe(markdown);
});
