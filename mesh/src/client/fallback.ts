import { errorCodes } from '../wire/index.ts';
import { isCallError } from './call-error.ts';
import { countDecision } from './decisions.ts';

/**
 * Returns a fallback value if the service is down, busy or late: `await withFallback(auth.users.getMany.query({ ids
 * }), { items: [] })`. The failure is still logged and counted.
 *
 * @throws CallError for answers of the service: typed errors, refusals and faults.
 *
 * @example
 * const { items } = await withFallback(shop.items.list.query({}), { items: [], nextCursor: null });
 */
export function withFallback<Call extends Promise<unknown>>(call: Call, fallback: Awaited<Call>): Call {
  const answer = call.catch((error: unknown) => {
    if (!isCallError(error) || error.data.error || !errorCodes[error.data.code].retryable) throw error;
    const { target = '', procedure = '' } = (error.meta ?? {}) as { target?: string; procedure?: string };
    countDecision(target, { decision: 'fallback', reason: error.data.code, procedure });
    return fallback;
  });
  // With the type of the procedure's errors, for `safe` of @trpc/client.
  return answer as Call;
}
