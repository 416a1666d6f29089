import type { RevocationFeed } from '../../jobs/revocation-feed.ts';

/**
 * Makes what lets a procedure answer only when all who follow this process were
 * told what it has revoked, or after 250 ms: an answer is a promise that the
 * token is refused, which holds if auth is killed right after it.
 *
 * @example
 * const telling = tellingOf(deps.revocationFeed);
 * return { sessions: { logout: telling(logout(deps)) } };
 */
export function tellingOf(feed: Pick<RevocationFeed, 'told'>) {
  return <Call, Answer>(handle: (call: Call) => Answer | Promise<Answer>) =>
    async (call: Call): Promise<Answer> => {
      const answer = await handle(call);
      await feed.told();
      return answer;
    };
}
