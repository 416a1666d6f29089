import { MeshError } from '@arcadium/mesh/contract';
import { z } from 'zod';
import type { Found } from '../jobs/service-contracts.ts';
import { makeCall } from './make-call.ts';

const issued = z.object({ token: z.string(), tokenId: z.string() });
const timeoutMs = 5000;

/** A service token for one call. */
export interface BorrowedToken extends AsyncDisposable {
  readonly token: string;
}

/**
 * Has auth issue a token for a service in the name of an administrator, who is in the audit log as its issuer. Disposing of
 * it revokes it.
 *
 * @param authorization The administrator's.
 * @throws MeshError SERVICE_UNAVAILABLE if auth issues none.
 */
export async function borrowToken(
  service: string,
  {
    authUrl,
    authorization,
    fetch,
    signal,
  }: { authUrl: string; authorization: string; fetch: Found['fetch']; signal: AbortSignal },
): Promise<BorrowedToken> {
  const call = async (path: string, input: unknown, until: AbortSignal) => {
    const procedure = { path, kind: 'mutation' as const };
    const request = {
      url: authUrl,
      procedure,
      input: JSON.stringify(input),
      authorization,
      fetch,
      timeoutMs,
    };
    return makeCall(request, until);
  };
  const { failed, answer } = await call('serviceTokens.issue', { service }, signal);
  if (failed) throw new MeshError('SERVICE_UNAVAILABLE', `auth issued no token for ${service}: ${answer}`);
  const { token, tokenId } = issued.parse(JSON.parse(answer));
  return {
    token,
    [Symbol.asyncDispose]: async () => {
      await call('serviceTokens.revoke', { tokenId }, AbortSignal.timeout(timeoutMs));
    },
  };
}
