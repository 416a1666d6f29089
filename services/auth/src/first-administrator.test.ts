import { randomBytes } from 'node:crypto';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPasswordPolicy } from './domain/password-policy.ts';
import { createPasswordHasher } from './domain/password.ts';
import { createUserStore } from './stores/user-store.ts';
import { openAuth, type TestAuth } from './testing/service.ts';
import { ensureAdministrator } from './first-administrator.ts';

let auth: TestAuth;
beforeAll(async () => {
  auth = await openAuth();
});
afterAll(() => auth.close());

const ensure = (ADMIN_PASSWORD: string, { client }: Pick<TestAuth, 'client'> = auth) =>
  ensureAdministrator(
    { ADMIN_EMAIL: 'admin@arcadium.localhost', ADMIN_PASSWORD },
    {
      users: createUserStore(client),
      policy: createPasswordPolicy({ leastCharacters: 15 }),
      hasher: createPasswordHasher(),
      now: auth.clock.now,
      log: silentLogger,
    },
  );

test.each([
  ['too short', 'must have at least 15 characters'],
  ['password1234567', 'is a common password'],
  ['admin@arcadium.localhost', 'is based on the name or the email address'],
])('is not made with the password %j', async (password, reason) => {
  await expect(ensure(password)).rejects.toThrow(`ADMIN_PASSWORD is not allowed: it ${reason}`);
  expect(await auth.client.user.count()).toBe(0);
});

test('is made once, also by two replicas at once, with a password as set-up makes it', async () => {
  const password = randomBytes(24).toString('base64url');
  await Promise.all([ensure(password), ensure(password, auth.second)]);
  const [made, ...others] = await auth.client.user.findMany();
  expect(others).toEqual([]);
  expect(made).toMatchObject({ email: 'admin@arcadium.localhost', role: 'admin' });
  expect(await auth.recorded(made?.id ?? '')).toEqual([
    { event: 'account.opened', detail: { role: 'admin' } },
  ]);
  const session = await auth.ask('sessions.login', { email: 'admin@arcadium.localhost', password });
  expect(session.user.role).toBe('admin');
});

test('is made where all who administer are shut out', async () => {
  await auth.client.user.updateMany({ data: { email: 'former@example.com', disabledAt: auth.clock.now() } });
  await ensure(randomBytes(24).toString('base64url'));
  const able = await auth.client.user.findMany({ where: { role: 'admin', disabledAt: null } });
  expect(able.map(({ email }) => email)).toEqual(['admin@arcadium.localhost']);
});
