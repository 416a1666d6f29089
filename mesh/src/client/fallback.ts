import type { ErrorCode } from '../wire/index.ts';
import { isCallError } from './call-error.ts';
import { countDecision } from './decisions.ts';

/** The ways to fail that say that there is nobody to answer now. */
const gone: ReadonlySet<ErrorCode> = new Set([
  'SERVICE_UNAVAILABLE',
  'TIMEOUT',
  'BAD_GATEWAY',
  'GATEWAY_TIMEOUT',
  'TOO_MANY_REQUESTS',
]);

/**
 * Goes on with another value where the service that is called is gone, busy or
 * too late: `await withFallback(auth.users.getMany.query({ ids }), { items: [] })`.
 * The failure is logged and counted as ever.
 *
 * @throws CallError for everything that the service did answer: its typed errors, refusals, and faults.
 */
export async function withFallback<Value>(call: Promise<Value>, fallback: NoInfer<Value>): Promise<Value> {
  try {
    return await call;
  } catch (error) {
    if (!isCallError(error) || error.data.error || !gone.has(error.data.code)) throw error;
    const { target = '', procedure = '' } = (error.meta ?? {}) as { target?: string; procedure?: string };
    countDecision(target, { decision: 'fallback', reason: error.data.code, procedure });
    return fallback;
  }
}
