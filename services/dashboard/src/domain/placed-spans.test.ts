import { expect, test } from 'vitest';
import { epochUs, spanOf, webResource, wikiResource } from '../testing/telemetry.ts';
import { placedStarts } from './placed-spans.ts';

const placed = (...spans: ReturnType<typeof spanOf>[]) => placedStarts(spans).map((start) => start - epochUs);
const caller = spanOf(1, 1, { resource: webResource, startUs: 1000, durationUs: 500 });

test('spans stay where they are if no clock contradicts another, also after the end of their parent', () => {
  expect(
    placed(caller, spanOf(1, 2, { parent: 1, startUs: 1100 }), spanOf(1, 3, { parent: 1, startUs: 9000 })),
  ).toEqual([1000, 1100, 9000]);
});

test('a span that starts before its caller is moved into it, with the spans of its process below it', () => {
  const server = spanOf(1, 2, { parent: 1, startUs: -8000, durationUs: 100 });
  const statement = spanOf(1, 3, { parent: 2, startUs: -7990, durationUs: 20 });
  // Another process, whose clock is right.
  const other = spanOf(1, 4, { parent: 2, startUs: 1250, resource: { ...wikiResource, instance: 'other' } });
  expect(placed(statement, other, server, caller)).toEqual([1210, 1250, 1200, 1000]);
});

test('one that is longer than its caller begins with it', () => {
  expect(placed(caller, spanOf(1, 2, { parent: 1, startUs: 200, durationUs: 800 }))).toEqual([1000, 1000]);
});

test('a missing parent, a circle and a chain of 2,000 end', () => {
  const chain = Array.from({ length: 2000 }, (_, n) =>
    spanOf(1, n + 1, { startUs: n, parent: n + 2, resource: n % 2 ? webResource : wikiResource }),
  );
  expect(placed(...chain)).toHaveLength(2000);
  expect(placed(spanOf(1, 1, { parent: 2, startUs: 7 }), spanOf(1, 2, { parent: 1, startUs: 3 }))).toEqual([
    7, 3,
  ]);
});
