import { createTestIdentity, type TestIdentity } from '@arcadium/mesh/testing';
import { serviceNames } from '../mesh.ts';
import type { Admitted } from './admitted.ts';

/** The credentials of a caller, by header. */
export type Presented = Readonly<Record<'authorization' | 'x-user-token', string | undefined>>;

/** A caller and its identity; `refused` for invalid credentials. */
export interface TestCaller {
  readonly name: string;
  readonly presents: Presented;
  readonly is:
    | 'refused'
    | { readonly service: string | undefined; readonly role: 'user' | 'admin' | undefined };
}

/** User ids. */
export const people = {
  user: '0190a5d0-ac96-774b-bcce-b302099a8057',
  admin: '0190a5d0-ac96-774b-bcce-b302099a8058',
} as const;

/** A service with a token that no rule names. */
export const stranger = 'stranger';

const longAgo = new Date('2020-01-01T00:00:00Z');

/**
 * Every kind of caller: anonymous, users, services, services for users, and those with invalid credentials.
 */
export async function testCallers(identity: TestIdentity): Promise<TestCaller[]> {
  const user = await identity.userToken({ id: people.user });
  const admin = await identity.userToken({ id: people.admin, role: 'admin' });
  const tokens = { user, admin };
  const caller = (
    name: string,
    is: TestCaller['is'],
    authorization?: string,
    userToken?: string,
  ): TestCaller => ({ name, is, presents: { authorization, 'x-user-token': userToken } });

  const callers = [
    caller('nobody', { service: undefined, role: undefined }),
    caller('a user', { service: undefined, role: 'user' }, `Bearer ${user}`),
    caller('an administrator', { service: undefined, role: 'admin' }, `Bearer ${admin}`),
  ];
  for (const service of [...serviceNames, stranger]) {
    const authorization = `Service-Token ${await identity.serviceToken(service)}`;
    callers.push(caller(service, { service, role: undefined }, authorization));
    for (const role of ['user', 'admin'] as const)
      callers.push(caller(`${service} for a ${role}`, { service, role }, authorization, tokens[role]));
  }

  const wiki = await identity.serviceToken('wiki');
  const other = await createTestIdentity();
  const bad: readonly (readonly [name: string, authorization: string | undefined, userToken?: string])[] = [
    ['a user whose token has expired', `Bearer ${await identity.userToken({}, longAgo)}`],
    ['a service whose token has expired', `Service-Token ${await identity.serviceToken('wiki', longAgo)}`],
    [
      'a service for a user whose token has expired',
      `Service-Token ${wiki}`,
      await identity.userToken({}, longAgo),
    ],
    [
      'a service whose token has expired, for a user',
      `Service-Token ${await identity.serviceToken('wiki', longAgo)}`,
      user,
    ],
    ['a service for a user of another mesh', `Service-Token ${wiki}`, await other.userToken()],
    ['a service of another mesh, for a user', `Service-Token ${await other.serviceToken('wiki')}`, user],
    ['a user of another mesh', `Bearer ${await other.userToken({ role: 'admin' })}`],
    ['a user’s token in x-user-token alone', undefined, user],
    ['a user who acts for himself', `Bearer ${user}`, user],
    ['a user who acts for an administrator', `Bearer ${user}`, admin],
    ['a service’s token where a user’s belongs', `Bearer ${wiki}`],
    ['a user’s token where a service’s belongs', `Service-Token ${user}`],
    ['a service that acts for itself', `Service-Token ${wiki}`, wiki],
    ['a user and a service, swapped', `Service-Token ${user}`, wiki],
    ['a token without a scheme', wiki],
    ['another scheme', `Basic ${wiki}`],
    ['an empty token', 'Bearer '],
    ['a service with an empty user token', `Service-Token ${wiki}`, ''],
  ];
  return [...callers, ...bad.map(([name, ...presented]) => caller(name, 'refused', ...presented))];
}

/** The expected outcome for a caller; 200 means admitted. */
export function verdictOn({ is, presents }: TestCaller, whom: readonly Admitted[]): 200 | 401 | 403 {
  if (is === 'refused') return 401;
  const { service, role } = is;
  const letIn = whom.some((one) => {
    if (one === 'anyone') return true;
    if (one === 'user') return service === undefined && role !== undefined;
    if (one === 'admin') return service === undefined && role === 'admin';
    if (one.endsWith(' for user')) return one === `${service} for user` && role !== undefined;
    return one === 'service' ? service !== undefined : service === one;
  });
  if (letIn) return 200;
  return presents.authorization === undefined ? 401 : 403;
}
