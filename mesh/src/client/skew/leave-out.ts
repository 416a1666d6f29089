import type { CallError } from '../call-error.ts';
import type { Connection } from '../connection.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Request } from '../request.ts';
import type { Mismatch } from './mismatches.ts';

type Called = Pick<Request, 'path' | 'input'>;
type Skewed = Pick<Connection, 'endpoints' | 'skew' | 'decide'>;

/** The endpoints whose contract a call does not fit, and the error if it fits none. */
export function refusedBy(
  { endpoints, skew, decide }: Skewed,
  called: Called,
): { refusing: readonly Endpoint[]; error?: CallError | undefined } {
  let found: Mismatch | undefined;
  const refusing = endpoints.refusing((contract) => {
    const mismatch = skew?.mismatch(contract, called);
    found ??= mismatch;
    return mismatch;
  });
  if (!found || refusing.length < endpoints.size) return { refusing };
  decide({ decision: 'refused', reason: 'contract', procedure: called.path });
  return { refusing, error: skew?.error(called.path, found) };
}

/** URL of an endpoint for a subscription. @throws CallError CONTRACT_MISMATCH if it fits none. */
export function subscriptionUrl(connection: Skewed, called: Called): string {
  const { endpoints, skew } = connection;
  if (skew?.found !== true) return endpoints.anyUrl();
  const { refusing, error } = refusedBy(connection, called);
  if (error) throw error;
  return endpoints.anyUrl(refusing);
}
