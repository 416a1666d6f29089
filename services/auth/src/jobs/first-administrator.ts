import type { Logger } from '@arcadium/mesh/telemetry';
import type { PasswordHasher } from '../domain/password.ts';
import type { UserStore } from '../stores/user-store.ts';

/**
 * Makes the administrator that the environment names, when there is none yet.
 * Several replicas may do so at once: the address is unique, one of them wins.
 */
export async function ensureAdministrator(
  config: { ADMIN_EMAIL?: string | undefined; ADMIN_PASSWORD?: string | undefined },
  { users, hasher, log }: { users: UserStore; hasher: PasswordHasher; log: Logger },
): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = config;
  if (email === undefined || password === undefined || (await users.hasAdministrator())) return;
  const passwordHash = await hasher.hash(password);
  const made = await users.create({ email, name: 'Administrator', role: 'admin', passwordHash });
  if (made) log.info({ user_id: made.id }, 'the first administrator was made from ADMIN_EMAIL');
}
