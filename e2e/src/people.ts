import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect, type TransportName } from '@arcadium/mesh/client';
import { silentLogger } from '@arcadium/mesh/testing';
import type { Tls } from '@arcadium/mesh/tls';
import pg from 'pg';
import type { TestMesh } from './mesh.ts';

/** Registers a user, logs in, and connects to all services as that user. */
export async function newPerson(
  mesh: Pick<TestMesh, 'url'>,
  name: string,
  over: { transport?: TransportName; tls?: Tls | undefined } = {},
) {
  const email = `${name}-${randomUUID()}@example.com`;
  const password = randomUUID();
  const anyone = connect(authContract, { as: 'anyone', url: mesh.url('auth'), log: silentLogger, ...over });
  await anyone.users.register.mutate({ email, name, password });
  const { accessToken, refreshToken, user } = await anyone.sessions.login.mutate({ email, password });
  const options = { as: 'user' as const, token: accessToken, log: silentLogger, ...over };
  return {
    id: user.id,
    email,
    password,
    token: accessToken,
    refreshToken,
    auth: connect(authContract, { ...options, url: mesh.url('auth') }),
    wiki: connect(wikiContract, { ...options, url: mesh.url('wiki') }),
    notification: connect(notificationContract, { ...options, url: mesh.url('notification') }),
  };
}

/** Makes an account an administrator's. @returns A token of it without a session. */
export async function newAdministrator(
  mesh: Pick<TestMesh, 'url' | 'identity' | 'database'>,
): Promise<string> {
  const { id } = await newPerson(mesh, 'root');
  const client = new pg.Client({ connectionString: mesh.database.adminUrl });
  await client.connect();
  await client.query(`UPDATE auth.users SET role = 'admin' WHERE id = $1`, [id]);
  await client.end();
  return mesh.identity.userToken({ id, role: 'admin' });
}

/** Logs in. @returns The access token. */
export async function logIn(
  mesh: Pick<TestMesh, 'url'>,
  credentials: { email: string; password: string },
): Promise<{ token: string }> {
  await using anyone = connect(authContract, { as: 'anyone', url: mesh.url('auth'), log: silentLogger });
  return { token: (await anyone.sessions.login.mutate(credentials)).accessToken };
}
