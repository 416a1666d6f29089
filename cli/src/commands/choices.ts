import { serviceNames } from '../workspace.ts';
import type { AuthClient } from './administrator.ts';
import { allTokens } from './tokens.ts';

/** Most choices that an error lists. */
const mostNamed = 10;

/** The error for an unknown name or id, with a list of what exists. */
export function noSuch(
  what: string,
  given: string,
  { choices, advice = '' }: { choices: readonly string[]; advice?: string },
): Error {
  const left = choices.length - mostNamed;
  const more = left > 0 ? `, and ${left} more` : '';
  const list = choices.length > 0 ? choices.slice(0, mostNamed).join(', ') + more : 'none';
  return new Error(`There is no ${what} "${given}". Choose from: ${list}.${advice && ` ${advice}`}`);
}

/**
 * Checks that a service is in `services/`, or that auth knows a token of it.
 *
 * @throws Error with the known names.
 */
export async function mustKnowService(service: string, auth: AuthClient, advice?: string): Promise<void> {
  // Also validates the name, which auth does.
  const { items } = await auth.serviceTokens.list.query({ service, limit: 1 });
  const here = serviceNames();
  if (items.length > 0 || here.includes(service)) return;
  const names = new Set([...here, ...(await allTokens(auth)).map((token) => token.service)]);
  throw noSuch('service', service, { choices: [...names].toSorted(), ...(advice && { advice }) });
}

/**
 * Checks that auth knows a token, valid or not.
 *
 * @throws Error with the ids of valid tokens.
 */
export async function mustKnowToken(tokenId: string, auth: AuthClient, advice?: string): Promise<void> {
  const tokens = await allTokens(auth);
  if (tokens.some((token) => token.tokenId === tokenId)) return;
  const good = tokens.filter(
    ({ revokedAt, expiresAt }) => revokedAt === null && Date.parse(expiresAt) > Date.now(),
  );
  const choices = good.map((token) => `${token.tokenId} (${token.service})`);
  throw noSuch('token', tokenId, { choices, ...(advice && { advice }) });
}

/**
 * The subject of a command: a token id or a service.
 *
 * @throws Error for both, and for neither.
 */
export function tokenOrService(
  tokenId: string | undefined,
  service: string | undefined,
): { tokenId: string } | { service: string } {
  if (tokenId !== undefined && service === undefined) return { tokenId };
  if (tokenId === undefined && service !== undefined) return { service };
  throw new Error('Give either the id of a token, or a service with --service');
}
