import { randomBytes } from 'node:crypto';
import type { dashboardContract } from '@arcadium/contracts/dashboard';
import type { Handlers } from '@arcadium/mesh/server';
import type { TestIdentity } from '@arcadium/mesh/testing';

/** The administrator who may log in to the simulated mesh. */
export const administrator = { email: 'ada@example.com', password: 'four words are long', code: '123456' };

const accessMs = 15 * 60_000;

/** Log-in of one administrator with a second factor, as auth answers it. */
export function createSessions(identity: TestIdentity): Handlers<typeof dashboardContract>['sessions'] {
  const tokens = new Set<string>();
  const user = {
    id: '01890a5d-ac96-774b-bcce-b302099a8057',
    name: 'Ada',
    email: administrator.email,
    role: 'admin' as const,
    secondFactor: true,
    createdAt: '2026-01-01T00:00:00.000Z',
    disabledAt: null,
  };
  const issue = async () => {
    const refreshToken = randomBytes(32).toString('base64url');
    tokens.add(refreshToken);
    const at = (ms: number): string => new Date(Date.now() + ms).toISOString();
    return {
      accessToken: await identity.userToken(user),
      expiresAt: at(accessMs),
      refreshToken,
      sessionExpiresAt: at(30 * 86_400_000),
      user,
    };
  };
  return {
    async login({ input: { email, password, code }, errors }) {
      if (email !== administrator.email || password !== administrator.password)
        throw errors.BAD_CREDENTIALS({});
      if (code === undefined) throw errors.CODE_NEEDED({});
      if (code !== administrator.code) throw errors.BAD_CODE({});
      return issue();
    },
    async refresh({ input: { refreshToken }, errors }) {
      if (!tokens.delete(refreshToken)) throw errors.SESSION_ENDED({});
      return issue();
    },
    async logout({ input: { refreshToken } }) {
      tokens.delete(refreshToken);
      return {};
    },
  };
}
