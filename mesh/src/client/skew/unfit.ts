import type { CallError } from '../call-error.ts';
import type { Connection } from '../connection.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import type { Mismatch } from './mismatches.ts';

const none: readonly never[] = [];

/**
 * The endpoints whose contract a call or a subscription does not fit.
 *
 * @throws CallError CONTRACT_MISMATCH, if it fits no endpoint, and each is one process
 */
export function unfitEndpoints(
  { skew, endpoints, decide }: Pick<Connection, 'skew' | 'endpoints' | 'decide'>,
  message: Readonly<{ path: string; input: unknown }>,
): readonly Endpoint[] {
  if (!skew?.found) return none;
  let found: Mismatch | undefined;
  const refusing = endpoints.refusing((contract) => {
    const mismatch = skew.mismatch(contract, message);
    found ??= mismatch;
    return mismatch;
  });
  if (!found || refusing.length < endpoints.size) return refusing;
  const certain = refusing.filter(({ transport }) => !transport.shared);
  if (certain.length < endpoints.size) return certain;
  decide({ decision: 'refused', reason: 'contract', procedure: message.path });
  const refusal: CallError = skew.error(message.path, found);
  throw refusal;
}
