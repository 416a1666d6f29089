import type { ServiceOverview } from '@arcadium/contracts/dashboard';
import { expect, test } from 'vitest';
import { drawBadge } from './badge.ts';

const wiki: ServiceOverview = {
  service: 'wiki',
  status: 'degraded',
  checkedAt: null,
  responseTimeMs: null,
  replicas: [],
  uptime: { day: 1, week: 1, month: 0.999_99 },
  strip: [],
  incident: null,
};

test('a badge says status and uptime, which is 100 % only without a failed check', () => {
  expect(drawBadge(wiki)).toContain('aria-label="wiki: degraded 99.99 %"');
  expect(drawBadge({ ...wiki, uptime: { ...wiki.uptime, month: 1 } })).toContain('degraded 100 %<');
  expect(drawBadge({ ...wiki, uptime: { ...wiki.uptime, month: null } })).toContain('>degraded<');
});
