import { expect, test } from 'vitest';
import { statusOfService } from './health-words.ts';
import { LiveStatus } from './live-status.ts';
import type { Check, Target } from './round.ts';

const targets: Target[] = [
  { service: 'wiki', url: 'http://a' },
  { service: 'wiki', url: 'http://b' },
];

function check(url: string, at: number, status?: 'healthy' | 'degraded'): Check {
  const report = status && {
    status,
    uptime: 5,
    version: '1',
    database: 'connected' as const,
    dependencies: { auth: { status, response_time_ms: 3 } },
  };
  return {
    service: 'wiki',
    url,
    at,
    responseTimeMs: report ? 7 : null,
    report,
    problem: report ? undefined : 'connection refused',
    mesh: undefined,
    metrics: undefined,
  };
}

function watch() {
  let now = 0;
  const live = new LiveStatus({ targets, staleAfterMs: 6000, now: () => now });
  return {
    live,
    at: (time: number) => (now = time),
    replicas: () => live.services()[0]?.replicas.map(({ url, status, reason }) => [url, status, reason]),
  };
}

test('a replica is unknown before its first check, and stale after three without an answer', () => {
  const { live, at, replicas } = watch();
  expect(live.services()).toMatchObject([{ service: 'wiki', status: 'unknown', checkedAt: null }]);
  live.record({ at: 0, targets, checks: [check('http://a', 0, 'degraded'), check('http://b', 0)] });
  expect(replicas()).toEqual([
    ['http://a', 'degraded', 'auth is degraded'],
    ['http://b', 'unhealthy', 'connection refused'],
  ]);
  expect(live.services()[0]).toMatchObject({ status: 'degraded', responseTimeMs: 7 });
  at(6000);
  expect(live.services()[0]?.status).toBe('degraded');
  at(6001);
  expect(replicas()?.[0]).toEqual(['http://a', 'stale', 'last checked 6 s ago']);
  expect(live.services()[0]?.status).toBe('stale');
});

test('a replica that is no longer watched is forgotten', () => {
  const { live, replicas } = watch();
  live.record({ at: 0, targets, checks: [check('http://b', 0, 'healthy')] });
  live.record({ at: 1, targets: targets.slice(1), checks: [] });
  expect(replicas()).toEqual([['http://b', 'healthy', null]]);
});

test.each([
  [['healthy', 'healthy'], 'healthy'],
  [['healthy', 'unhealthy'], 'degraded'],
  [['degraded', 'stale'], 'degraded'],
  [['unhealthy', 'stale', 'unknown'], 'unhealthy'],
  [['stale', 'unknown'], 'stale'],
  [[], 'unknown'],
] as const)('replicas that are %j: %s', (statuses, status) => {
  expect(statusOfService(statuses.map((one) => ({ status: one })))).toBe(status);
});
