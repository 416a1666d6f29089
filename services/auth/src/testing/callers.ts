import { randomUUID } from 'node:crypto';
import { issueServiceToken, issueUserToken, stampServiceToken, type SigningKey } from '@arcadium/mesh/issuer';
import { administrator } from './config.ts';
import type { Replicas } from './replicas.ts';

/** The headers that identify a caller. */
export type CallerHeaders = Readonly<Record<string, string>>;

/** A logged-in user, with the administrator's password, so that tests need no further hash. */
export interface TestUser {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly sessionId: string;
  readonly token: string;
  readonly headers: CallerHeaders;
}

/** A service with a recorded token. */
export interface TestService {
  readonly name: string;
  readonly tokenId: string;
  readonly token: string;
  readonly headers: CallerHeaders;
}

/** Creates a user with a role, directly in the database. */
export async function newUser(
  { stored, identity }: Replicas,
  { role = 'user', key = identity.signingKey }: { role?: 'user' | 'admin'; key?: SigningKey } = {},
): Promise<TestUser> {
  const { passwordHash } = await stored.user.findUniqueOrThrow({ where: { email: administrator.email } });
  const [email, name] = [`${randomUUID()}@example.com`, 'Ann'];
  const { id } = await stored.user.create({ data: { email, name, role, passwordHash } });
  const expiresAt = new Date(Date.now() + 3_600_000);
  const { id: sessionId } = await stored.session.create({ data: { userId: id, expiresAt } });
  const { token } = await issueUserToken(key, { id, name, role, sessionId });
  const headers = { authorization: `Bearer ${token}` };
  return { id, email, password: administrator.password, sessionId, token, headers };
}

let services = 0;

/** Creates a token of a new service, directly in the database. */
export async function newService(
  { stored, identity }: Replicas,
  { key = identity.signingKey }: { key?: SigningKey } = {},
): Promise<TestService> {
  services += 1;
  const service = { id: randomUUID(), name: `walker-${services}` };
  const stamp = stampServiceToken();
  const { tokenId, ...dates } = stamp;
  const { token } = await issueServiceToken(key, service, stamp);
  await stored.service.create({ data: service });
  await stored.serviceToken.create({
    data: { jti: tokenId, serviceId: service.id, kid: key.kid, origin: 'issued', ...dates },
  });
  return { name: service.name, tokenId, token, headers: { authorization: `Service-Token ${token}` } };
}

/** Calls over plain HTTP. */
export async function callPlainly(
  url: string,
  path: string,
  { headers, input }: { headers: CallerHeaders; input: unknown },
): Promise<{ status: number; message: string; answer: unknown }> {
  const response = await fetch(`${url}/trpc/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    ...(input !== undefined && { body: JSON.stringify(input) }),
  });
  const body = (await response.json()) as { result?: { data: unknown }; error?: { message: string } };
  return { status: response.status, message: body.error?.message ?? '', answer: body.result?.data };
}
