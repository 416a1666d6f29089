import type { UserIdentity } from '@arcadium/mesh/contract';

/** An administrator who reads what all administrators are told. */
export type Reader = Readonly<{
  userId: string;
  /** Since when they are one: what was sent before was not for them. Undefined where their token does not say it. */
  since: Date | undefined;
}>;

/** The reader that a call is made by. */
export function readerOf({ user: { id: userId, roleSince } }: { user: UserIdentity }): Reader {
  return { userId, since: roleSince === undefined ? undefined : new Date(roleSince) };
}
