import type { Logger } from '@arcadium/mesh/telemetry';
import type { PasswordPolicy, PasswordRefusal } from './domain/password-policy.ts';
import type { PasswordHasher } from './domain/password.ts';
import { ourselves } from './stores/audit-log.ts';
import type { UserStore } from './stores/user-store.ts';

interface Deps {
  users: UserStore;
  policy: PasswordPolicy;
  hasher: PasswordHasher;
  now: () => Date;
  log: Logger;
}

/** Initial name of the first administrator. */
const name = 'Administrator';

/**
 * Creates the administrator named in the environment, if none can log in. Several replicas may do so at once:
 * the address is unique, so one of them succeeds.
 *
 * @throws Error if ADMIN_PASSWORD is not allowed.
 */
export async function ensureAdministrator(
  config: { ADMIN_EMAIL?: string | undefined; ADMIN_PASSWORD?: string | undefined },
  { users, policy, hasher, now, log }: Deps,
): Promise<void> {
  const { ADMIN_EMAIL: email, ADMIN_PASSWORD: password } = config;
  if (email === undefined || password === undefined) return;
  if (await users.hasAdministrator()) {
    const present = await users.findByEmail(email);
    if (present && !(await hasher.matches(password, present.passwordHash))) {
      log.warn(
        { user_id: present.id },
        'ADMIN_PASSWORD is not the password of ADMIN_EMAIL; it is only used to create the first administrator',
      );
    }
    return;
  }
  const refusal = await policy.refusalOf(password, { email, name });
  if (refusal) throw new Error(`ADMIN_PASSWORD is not allowed: it ${explain(refusal)}`);
  const passwordHash = await hasher.hash(password);
  const made = await users.create({ email, name, role: 'admin', passwordHash, createdAt: now() }, ourselves);
  if (made) {
    // At debug, because it is normal at a first start; the audit log has it too.
    log.debug({ user_id: made.id }, 'created the first administrator from ADMIN_EMAIL');
  } else if (!(await users.hasAdministrator())) {
    log.warn(
      {},
      'there is no administrator, and ADMIN_EMAIL belongs to an ordinary or disabled account: set another address',
    );
  }
}

function explain(refusal: PasswordRefusal): string {
  if (refusal.reason === 'too-short') return `must have at least ${refusal.least} characters`;
  return refusal.reason === 'common' ? 'is a common password' : 'is based on the name or the email address';
}
