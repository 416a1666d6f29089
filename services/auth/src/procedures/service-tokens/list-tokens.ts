import { cursorOf, pageOf } from '@arcadium/mesh/server';
import { MeshError } from '@arcadium/mesh/contract';
import { z } from 'zod';
import type { TokenPlace } from '../../stores/service-token-store.ts';
import { presentServiceToken } from '../../presenters/service-token.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

/** The last second of the year 9999. */
const latestSeconds = 253_402_300_799;

/** Tokens are ordered by second of issue, then id. */
const cursors = cursorOf(
  z.codec(
    z.tuple([z.int().min(0).max(latestSeconds), z.string().regex(/^[\x20-\x7e]{1,128}$/)]),
    z.object({ issuedAt: z.date(), jti: z.string() }),
    {
      decode: ([seconds, jti]): TokenPlace => ({ issuedAt: new Date(seconds * 1000), jti }),
      encode: ({ issuedAt, jti }): [number, string] => [issuedAt.getTime() / 1000, jti],
    },
  ),
);

/**
 * The known tokens, newest first; a service sees its own.
 *
 * @throws MeshError FORBIDDEN when a service asks for another's.
 */
export function listTokens({ serviceTokens }: AuthDeps): AuthHandler<'serviceTokens.list'> {
  return async ({ input: { limit, cursor, service }, caller }) => {
    const own = caller.service?.name;
    if (own !== undefined && (service ?? own) !== own) {
      throw new MeshError('FORBIDDEN', 'A service may list only its own tokens');
    }
    const from = { after: cursors.decode(cursor), service: own ?? service };
    return pageOf(await serviceTokens.list(limit + 1, from), limit, {
      item: presentServiceToken,
      cursor: ({ issuedAt, jti }) => cursors.encode({ issuedAt, jti }),
    });
  };
}
