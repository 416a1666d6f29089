import type { RevocationAnnouncer } from '../../jobs/revocation-announcer.ts';

/**
 * Wraps procedures so that they answer only when all followers of this process have received the revocations,
 * or after 250 ms. The answer promises that the token is refused, even if auth is killed right after it.
 *
 * @example
 *   const announced = announcedBy(deps.announcer);
 *   return { sessions: { logout: announced(logout(deps)) } };
 */
export function announcedBy(announcer: Pick<RevocationAnnouncer, 'announced'>) {
  return <Call, Answer>(handle: (call: Call) => Answer | Promise<Answer>) =>
    async (call: Call): Promise<Answer> => {
      const answer = await handle(call);
      await announcer.announced();
      return answer;
    };
}
