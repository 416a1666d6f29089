import { expect, test } from 'vitest';
import { IncidentTracker } from './incident-tracker.ts';

/** Feeds one letter per second: `f` failed, `g` good. @returns The changes, by their second. */
function changesOf(checks: string, open: string[] = []) {
  const tracker = new IncidentTracker(open);
  return checks.split('').flatMap((letter, at) => {
    const status = letter === 'f' ? 'unhealthy' : 'degraded';
    const reason = letter === 'f' ? `reason ${at}` : null;
    const change = tracker.add({ service: 'wiki', at, status, responseTimeMs: 1, reason });
    return change ? [[at, change]] : [];
  });
}

test('three failed checks in a row open an incident, since the first; two good ones close it, at the first', () => {
  expect(changesOf('gffgfffgfgg')).toEqual([
    [6, { kind: 'opened', service: 'wiki', startedAt: 4, reason: 'reason 4' }],
    [10, { kind: 'closed', service: 'wiki', endedAt: 9 }],
  ]);
});

test('an incident of before a restart is not opened again, and closes', () => {
  expect(changesOf('ffffgg', ['wiki'])).toEqual([[5, { kind: 'closed', service: 'wiki', endedAt: 4 }]]);
});
