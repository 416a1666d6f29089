import type { Account, Profile } from '@arcadium/contracts/auth';
import { hasSecondFactor, type AccountRow } from '../stores/user-store.ts';

/** A user as they see themselves. */
export function presentAccount(user: AccountRow): Account {
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    // A database constraint ensures this.
    role: user.role as Account['role'],
    secondFactor: hasSecondFactor(user),
    createdAt: user.createdAt.toISOString(),
    disabledAt: user.disabledAt?.toISOString() ?? null,
  };
}

/** A user as every service and user may see them. */
export function presentProfile({ id, name }: Profile): Profile {
  return { id, name };
}
