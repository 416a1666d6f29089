import { describe, expect, test } from 'vitest';
import { defaultOutlierRules, findOutlier, type Figures } from './outlier-rules.ts';

/** Which is the worst outlier, and why, of endpoints as "failures/calls@latency": 1 ms if it is not said. */
function outlierOf(endpoints: string) {
  const peers = endpoints
    .split(' ')
    .filter(Boolean)
    .map((endpoint): Figures => {
      const [failures = 0, calls = 0, latencyMs = 1] = endpoint.split(/[/@]/).map(Number);
      return { calls, failures, failing: failures > 0, latencyMs };
    });
  const found = findOutlier(peers, defaultOutlierRules);
  return found && `${peers.indexOf(found.peer)} ${found.reason}`;
}

describe('by failures', () => {
  test.each<[string, string, string | undefined]>([
    ['one that fails while the others do not', '50/100 0/100 0/100', '0 failures'],
    ['also of two', '0/100 50/100', '1 failures'],
    ['not one alone', '100/100', undefined],
    ['not of none', '', undefined],
    ['not where all fail alike', '100/100 100/100 100/100', undefined],
    ['not where the others fail a third as often', '30/100 9/99 10/100', undefined],
    ['but where they fail a little less than that', '30/100 9/100 9/100', '0 failures'],
    ['not at a twentieth', '5/100 0/10000', undefined],
    ['but above it', '6/100 0/10000', '0 failures'],
    ['not of fewer than twenty calls', '19/19 0/100', undefined],
    ['but of twenty', '20/20 0/100', '0 failures'],
    ['not compared with fewer than twenty', '50/100 0/10 0/9', undefined],
    ['but with twenty of all others', '50/100 0/10 0/10', '0 failures'],
    ['not for two failures among few calls', '2/20 0/20', undefined],
    ['the worst of several', '20/100 40/100 0/100 0/100', '1 failures'],
    ['one of two that are equally ill', '30/100 30/100 0/100 0/100', '0 failures'],
    ['with one that was never called', '30/100 0/0 0/100', '0 failures'],
  ])('%s', (_, endpoints, expected) => {
    expect(outlierOf(endpoints)).toBe(expected);
  });
});

describe('by latency', () => {
  test.each<[string, string, string | undefined]>([
    ['one above ten times the median of the others', '0/100@101 0/100@10 0/100@10', '0 latency'],
    ['not at ten times', '0/100@100 0/100@10 0/100@10', undefined],
    ['not up to 50 ms', '0/100@50 0/100@1', undefined],
    ['but above', '0/100@51 0/100@1', '0 latency'],
    ['not of fewer than twenty calls', '0/19@500 0/100@1', undefined],
    ['not for a median that one other moves', '0/100@100 0/100@1 0/100@30', undefined],
    ['nor by what one other cannot move', '0/100@300 0/9@1 0/9@1 0/9@4000', '0 latency'],
    ['the slowest of several', '0/99@200 0/99@300 0/99@1 0/99@1 0/99@1', '1 latency'],
    ['not where no other is known', '0/100@500 0/100@0 0/100@NaN', undefined],
    ['not one that is unknown itself', '0/100@NaN 0/100@Infinity 0/100@1', undefined],
    ['after those that fail', '0/100@900 50/100@1 0/100@1 0/100@1', '1 failures'],
  ])('%s', (_, endpoints, expected) => {
    expect(outlierOf(endpoints)).toBe(expected);
  });
});
