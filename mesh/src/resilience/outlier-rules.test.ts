import { describe, expect, test } from 'vitest';
import { defaultOutlierRules, findOutlier, type Figures } from './outlier-rules.ts';

type Row = readonly [calls: number, failures: number, latencyMs?: number];

/** Which of the rows is the worst outlier, and why. */
function outlierOf(rows: readonly Row[]) {
  const peers = rows.map(([calls, failures, latencyMs = 1]): Figures => ({ calls, failures, latencyMs }));
  const found = findOutlier(peers, defaultOutlierRules);
  return found && `${peers.indexOf(found.peer)} ${found.reason}`;
}

describe('by failures', () => {
  test.each<[string, readonly Row[], string | undefined]>([
    [
      'one that fails while the others do not',
      [
        [100, 50],
        [100, 0],
        [100, 0],
      ],
      '0 failures',
    ],
    [
      'also of two',
      [
        [100, 0],
        [100, 50],
      ],
      '1 failures',
    ],
    ['not one alone', [[100, 100]], undefined],
    ['not of none', [], undefined],
    [
      'not where all fail alike',
      [
        [100, 100],
        [100, 100],
        [100, 100],
      ],
      undefined,
    ],
    [
      'not where the others fail a third as often',
      [
        [100, 30],
        [99, 9],
        [100, 10],
      ],
      undefined,
    ],
    [
      'but where they fail a little less than that',
      [
        [100, 30],
        [100, 9],
        [100, 9],
      ],
      '0 failures',
    ],
    [
      'not at a twentieth',
      [
        [100, 5],
        [10_000, 0],
      ],
      undefined,
    ],
    [
      'but above it',
      [
        [100, 6],
        [10_000, 0],
      ],
      '0 failures',
    ],
    [
      'not of fewer than twenty calls',
      [
        [19, 19],
        [100, 0],
      ],
      undefined,
    ],
    [
      'but of twenty',
      [
        [20, 20],
        [100, 0],
      ],
      '0 failures',
    ],
    [
      'not compared with fewer than twenty',
      [
        [100, 50],
        [10, 0],
        [9, 0],
      ],
      undefined,
    ],
    [
      'but with twenty of all others',
      [
        [100, 50],
        [10, 0],
        [10, 0],
      ],
      '0 failures',
    ],
    [
      'not for two failures among few calls',
      [
        [20, 2],
        [20, 0],
      ],
      undefined,
    ],
    [
      'the worst of several',
      [
        [100, 20],
        [100, 40],
        [100, 0],
        [100, 0],
      ],
      '1 failures',
    ],
    [
      'one of two that are equally ill',
      [
        [100, 30],
        [100, 30],
        [100, 0],
        [100, 0],
      ],
      '0 failures',
    ],
    [
      'with one that was never called',
      [
        [100, 30],
        [0, 0],
        [100, 0],
      ],
      '0 failures',
    ],
  ])('%s', (_, rows, expected) => {
    expect(outlierOf(rows)).toBe(expected);
  });
});

describe('by latency', () => {
  test.each<[string, readonly Row[], string | undefined]>([
    [
      'one above ten times the median of the others',
      [
        [100, 0, 101],
        [100, 0, 10],
        [100, 0, 10],
      ],
      '0 latency',
    ],
    [
      'not at ten times',
      [
        [100, 0, 100],
        [100, 0, 10],
        [100, 0, 10],
      ],
      undefined,
    ],
    [
      'not up to 50 ms',
      [
        [100, 0, 50],
        [100, 0, 1],
      ],
      undefined,
    ],
    [
      'but above',
      [
        [100, 0, 51],
        [100, 0, 1],
      ],
      '0 latency',
    ],
    [
      'not of fewer than twenty calls',
      [
        [19, 0, 500],
        [100, 0, 1],
      ],
      undefined,
    ],
    [
      'not for a median that one other moves',
      [
        [100, 0, 100],
        [100, 0, 1],
        [100, 0, 30],
      ],
      undefined,
    ],
    [
      'nor by what one other cannot move',
      [
        [100, 0, 300],
        [9, 0, 1],
        [9, 0, 1],
        [9, 0, 4000],
      ],
      '0 latency',
    ],
    [
      'the slowest of several',
      [
        [99, 0, 200],
        [99, 0, 300],
        [99, 0, 1],
        [99, 0, 1],
        [99, 0, 1],
      ],
      '1 latency',
    ],
    [
      'not where no other is known',
      [
        [100, 0, 500],
        [100, 0, 0],
        [100, 0, Number.NaN],
      ],
      undefined,
    ],
    [
      'not one that is unknown itself',
      [
        [100, 0, Number.NaN],
        [100, 0, Infinity],
        [100, 0, 1],
      ],
      undefined,
    ],
    [
      'after those that fail',
      [
        [100, 0, 900],
        [100, 50, 1],
        [100, 0, 1],
        [100, 0, 1],
      ],
      '1 failures',
    ],
  ])('%s', (_, rows, expected) => {
    expect(outlierOf(rows)).toBe(expected);
  });
});
