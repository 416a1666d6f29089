import type { RevocationFeed } from '../../jobs/revocation-feed.ts';

/**
 * Wraps a procedure so that it answers only when all followers of this process have received its revocations,
 * or after 250 ms. The answer promises that the token is refused, even if auth is killed right after it.
 *
 * @example const telling = tellingOf(deps.revocationFeed); return { sessions: { logout: telling(logout(deps))
 * } };
 */
export function tellingOf(feed: Pick<RevocationFeed, 'told'>) {
  return <Call, Answer>(handle: (call: Call) => Answer | Promise<Answer>) =>
    async (call: Call): Promise<Answer> => {
      const answer = await handle(call);
      await feed.told();
      return answer;
    };
}
