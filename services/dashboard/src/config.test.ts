import { publicPart } from '@arcadium/mesh/identity';
import { createTestIdentity } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfig } from './config.ts';

const before = { ...process.env };
beforeEach(async () => {
  const { jwk, serviceToken } = await createTestIdentity();
  // It reads the files of the checkout, too, which the environment overrides.
  process.env['PUBLIC_KEYS'] = JSON.stringify({ keys: [publicPart(jwk)] });
  process.env['SERVICE_TOKEN'] = await serviceToken('dashboard');
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
  Object.assign(process.env, before);
});

test('it watches its own mesh, and every service that the environment names, with all endpoints', () => {
  process.env['TASK_LIST_SERVICE_URL'] = 'http://10.0.0.1:5001, http://10.0.0.2:5001';
  process.env['WIKI_SERVICE_URL'] = 'http://wiki:5000';
  const { watched } = loadConfig();
  expect([...watched.keys()]).toEqual(['auth', 'dashboard', 'notification', 'task-list', 'wiki']);
  expect(watched.get('task-list')).toEqual(['http://10.0.0.1:5001', 'http://10.0.0.2:5001']);
  expect(watched.get('wiki')).toEqual(['http://wiki:5000']);
});

test('settings that contradict each other are refused, without a value that may be secret', () => {
  process.env['ALERT_EMAIL_TO'] = 'ops@example.com';
  expect(loadConfig).toThrow('SMTP_URL: is not set, but ALERT_EMAIL_TO is');
  process.env['SMTP_URL'] = 'http://user:hunter2@mail';
  process.env['TASKS_SERVICE_URL'] = 'http://user:hunter2@tasks';
  process.env['PUBLIC_VIEW'] = 'yes';
  expect(loadConfig).toThrow(/PUBLIC_VIEW: must be true or false/);
  expect(loadConfig).toThrow(/SMTP_URL: must be smtp:/);
  expect(loadConfig).toThrow(/TASKS_SERVICE_URL: must be http/);
  expect(loadConfig).not.toThrow('hunter2');
});
