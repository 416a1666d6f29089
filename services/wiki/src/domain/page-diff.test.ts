import { applyPatch } from 'diff';
import { expect, test } from 'vitest';
import { diffPages } from './page-diff.ts';

test('is a unified diff with the titles in its header', () => {
  const diff = diffPages(
    { revision: 1, title: 'Über', body: 'one\ntwo\nthree\n' },
    { revision: 3, title: 'Das "Neue"', body: 'one\n2\nthree\nfour' },
  );
  expect(diff.patch).toBe(
    [
      '--- revision 1\tÜber',
      '+++ revision 3\tDas "Neue"',
      '@@ -1,3 +1,4 @@',
      ' one',
      '-two',
      '+2',
      ' three',
      '+four',
      '\\ No newline at end of file',
      '',
    ].join('\n'),
  );
  expect(diff).toMatchObject({ added: 2, removed: 1 });
});

test('the same text differs in nothing', () => {
  const side = { revision: 1, title: 'a', body: 'one\n' };
  expect(diffPages(side, side)).toMatchObject({ added: 0, removed: 0 });
});

test('two long texts without a common line are replaced rather than compared for minutes', () => {
  const lines = (word: string) => Array.from({ length: 25_000 }, (_, n) => `${word}${n}`).join('\n');
  const [before, after] = [lines('a'), lines('b')];
  const startedAt = performance.now();
  const diff = diffPages(
    { revision: 1, title: 'a', body: before },
    { revision: 2, title: 'a', body: `${after}\n` },
  );
  expect(performance.now() - startedAt).toBeLessThan(2000);
  expect(diff).toMatchObject({ added: 25_000, removed: 25_000 });
  expect(applyPatch(before, diff.patch)).toBe(`${after}\n`);
});
