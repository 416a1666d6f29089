import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { allTexts, severeMessages } from './src/log-messages.ts';
import { root } from './src/process.ts';

const texts = allTexts();
const docs = [
  'README.md',
  ...['architecture', 'calling', 'operations', 'resilience'].map((name) => `docs/${name}.md`),
];
const textOf = (file: string) => readFileSync(join(root, file), 'utf8');

/**
 * Whether a text is an instance of a message, with any values. A message that is mostly values matches
 * nothing.
 */
function prints(message: string, text: string): boolean {
  const parts = message.split('…');
  if (parts.join('').length < text.length / 2) return false;
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join('.+?')}$`).test(text);
}

describe('docs/operations.md', () => {
  const [, index = ''] = textOf('docs/operations.md').split('\n## Log messages\n');
  const listed = [...index.matchAll(/^\| `(?<message>[^`]+)` +\|/gm)].map(
    ({ groups }) => groups?.['message'] ?? '',
  );

  test('lists each warning and each error that a service can log', () => {
    const missing = severeMessages().filter(({ text }) => !listed.some((one) => prints(text, one)));
    expect(missing).toEqual([]);
  });

  test('lists none that no service logs, and none twice', () => {
    expect(listed.filter((one) => !texts.some((text) => prints(text, one)))).toEqual([]);
    expect(listed.filter((one, place) => listed.indexOf(one) !== place)).toEqual([]);
  });
});

test('each message that a document quotes is one that the code prints', () => {
  // At least four words, and nothing that occurs only in code and commands. Documents may leave out the end.
  const sentence = /`(?<text>[a-z][\w']* (?:[\w'"-]+[:;,]? ){2,}[^`\n]*)`/g;
  const code = /[<>{}$=]|--|^(?:npm|npx|node|curl|docker|token|key|git) |\.ts\b/;
  const quoted = docs.flatMap((file) =>
    [...textOf(file).matchAll(sentence)]
      .map(({ groups }) => ({ file, text: (groups?.['text'] ?? '').replace(/:? …$/, '') }))
      .filter(({ text }) => !code.test(text)),
  );
  const unknown = quoted.filter(({ text }) => {
    const alike = texts.filter(
      (message) => message.startsWith('…') || message.slice(0, 4) === text.slice(0, 4),
    );
    return !alike.flatMap(beginningsOf).some((message) => prints(message, text));
  });
  expect(unknown).toEqual([]);
  expect(quoted.length).toBeGreaterThan(20);
});

/** The text up to the end of each of its words. */
function beginningsOf(text: string): string[] {
  return [...text.matchAll(/[^\s:;,](?=[:;,]?(?: |$))/g)].map(({ index }) => text.slice(0, index + 1));
}
