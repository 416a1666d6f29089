import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { connect, type TransportName } from '@arcadium/mesh/client';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { expect, test } from 'vitest';
import { logIn, newPerson } from '../src/people.ts';
import { administrator, mesh } from './mesh.ts';

test.each<TransportName>(['http', 'websocket'])(
  'whom an administrator makes one has read what was sent before, and not what comes after (%s)',
  async (transport) => {
    const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = administrator;
    const asAdmin = (token: string) => {
      const options = { as: 'admin' as const, token, log, transport };
      return {
        auth: connect(authContract, { ...options, url: mesh.url('auth') }),
        broadcasts: connect(notificationContract, { ...options, url: mesh.url('notification') }).broadcasts,
      };
    };
    const root = asAdmin((await logIn(mesh, { email, password })).token);
    const { count: unread } = await root.broadcasts.unreadCount.query();
    const send = (key: string) =>
      root.broadcasts.send.mutate({ title: 'Disk is full', body: 'Clean up', key: `${transport}-${key}` });
    for (const key of ['1', '2', '3']) await send(key);
    const ann = await newPerson(mesh, 'Ann');
    await root.auth.users.setRole.mutate({ id: ann.id, role: 'admin' });

    const { broadcasts } = asAdmin((await logIn(mesh, ann)).token);
    expect(await broadcasts.unreadCount.query()).toEqual({ count: 0 });
    expect((await broadcasts.list.query({ unreadOnly: true })).items).toEqual([]);
    const old = (await broadcasts.list.query({})).items;
    expect(old.length).toBeGreaterThanOrEqual(3);
    expect(old.filter(({ readAt }) => readAt === null)).toEqual([]);
    const { id } = await send('4');
    expect((await broadcasts.list.query({ unreadOnly: true })).items).toMatchObject([{ id, readAt: null }]);
    expect(await root.broadcasts.unreadCount.query()).toEqual({ count: unread + 4 });
  },
);
