import { expect, test } from 'vitest';
import type { StackName } from '../stacks/index.ts';
import type { Measurement } from './compare.ts';
import { headline } from './plan.ts';
import { median, summarise } from './summary.ts';

function measured(stack: StackName, round: number, callsPerSecond: number, cpuUs: number): Measurement {
  const sample = { callsPerSecond, p50: 1, p95: 2, p99: 3, serverUs: cpuUs / 2, clientUs: cpuUs / 2 };
  return { stack, scenario: headline, round, sample };
}

test('ratios are taken within a round, so that what slows both down cancels', () => {
  const rows = summarise(
    [
      measured('mesh-http', 1, 1000, 10),
      measured('nest', 1, 500, 20),
      // The machine was busy with something else.
      measured('mesh-http', 2, 10, 1000),
      measured('nest', 2, 5, 2000),
      measured('mesh-http', 3, 2000, 5),
      measured('nest', 3, 1000, 10),
      // There is no ratio for a round without a figure of the mesh.
      measured('nest', 4, 9999, 1),
    ],
    headline,
    ['mesh-http'],
  );
  const nest = rows.find(({ stack }) => stack === 'nest');
  expect(nest?.ratios['mesh-http']).toEqual({ speed: 0.5, cost: 2 });
  expect(nest?.median.callsPerSecond).toBe(750);
});

test('the median is the middle one, or lies halfway between two', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 100])).toBe(3);
  expect(median([])).toBeNaN();
});
