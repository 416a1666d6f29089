import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import { expect, test, vi } from 'vitest';
import { newPerson } from '../src/people.ts';
import { mesh } from './mesh.ts';

test('whose account others guess at reads of it where he is logged in, whatever he has muted', async () => {
  const [ann, ben] = [await newPerson(mesh, 'Ann'), await newPerson(mesh, 'Ben')];
  await ann.notification.preferences.set.mutate({ muted: ['page', 'comment'] });
  await using anyone = connect(authContract, { as: 'anyone', url: mesh.url('auth'), log: silentLogger });
  for (let guess = 0; guess < 5; guess += 1) {
    const wrong = { email: ann.email.toUpperCase(), password: `guess ${guess}` };
    await expect(anyone.sessions.login.mutate(wrong)).rejects.toMatchObject({
      data: { code: 'UNAUTHORIZED' },
    });
  }
  const received = () => ann.notification.notifications.list.query({});
  await vi.waitFor(async () => expect((await received()).items).toHaveLength(1));
  expect((await received()).items).toMatchObject([{ topic: 'security', sender: 'auth', link: '/' }]);
  expect((await ben.notification.notifications.list.query({})).items).toEqual([]);
  // Her session is still valid.
  expect(await ann.auth.users.me.query()).toMatchObject({ id: ann.id });
});
