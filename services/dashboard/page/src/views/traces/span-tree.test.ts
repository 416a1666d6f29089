import type { Span } from '@arcadium/contracts/dashboard';
import { expect, test } from 'vitest';
import { rowsOf } from './span-tree.ts';

function span(spanId: string, parentId: string | null, startMs: number): Span {
  return {
    spanId,
    parentId,
    startMs,
    service: 'wiki',
    name: spanId,
    kind: 'internal',
    startedAt: '2026-01-01T00:00:00.000Z',
    durationMs: 1,
    status: 'ok',
    message: null,
    attributes: [],
  };
}

const drawn = (spans: Span[]) =>
  rowsOf(spans).map(({ span: { spanId }, depth }) => `${'·'.repeat(depth)}${spanId}`);

test('spans are below their parents, by start', () => {
  const spans = [span('c', 'a', 5), span('b', 'a', 2), span('d', 'b', 3), span('a', null, 0)];
  expect(drawn(spans)).toEqual(['a', '·b', '··d', '·c']);
});

test('a name that begins with that of the parent is shown without it', () => {
  const call = { ...span('a', null, 0), name: 'wiki.pages.get' };
  const attempt = { ...span('b', 'a', 1), name: 'wiki.pages.get attempt' };
  expect(rowsOf([call, attempt]).map(({ name }) => name)).toEqual(['wiki.pages.get', 'attempt']);
});

test('a span whose parent did not arrive is a root', () => {
  expect(drawn([span('b', 'missing', 2), span('a', null, 0)])).toEqual(['a', 'b']);
});

test('each span is shown once, even if spans claim to be parents of one another', () => {
  expect(drawn([span('a', 'b', 0), span('b', 'a', 1), span('c', 'c', 2)])).toEqual(['c', 'a', '·b']);
});
