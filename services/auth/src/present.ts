import type { Account, Profile } from '@arcadium/contracts/auth';
import { hasSecondFactor, type StoredUser } from './stores/user-store.ts';

/** What a user sees of himself. */
export function presentAccount(user: StoredUser): Account {
  return {
    id: user.id,
    name: user.name,
    email: user.email,
    // The database has a check on it.
    role: user.role as Account['role'],
    secondFactor: hasSecondFactor(user),
    createdAt: user.createdAt.toISOString(),
    disabledAt: user.disabledAt?.toISOString() ?? null,
  };
}

/** What anybody inside sees of a user. */
export function presentProfile({ id, name }: Profile): Profile {
  return { id, name };
}
