import type { UserIdentity } from '@arcadium/mesh/contract';

/** An administrator who reads broadcasts. */
export type Reader = Readonly<{
  userId: string;
  /**
   * Since when they are an administrator; earlier broadcasts were not for them. Undefined if their token does
   * not say.
   */
  since: Date | undefined;
}>;

export function readerOf({ user: { id: userId, roleSince } }: { user: UserIdentity }): Reader {
  return { userId, since: roleSince === undefined ? undefined : new Date(roleSince) };
}
