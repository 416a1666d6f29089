import { isCallError } from '@arcadium/mesh/client';
import { MeshError } from '@arcadium/mesh/contract';

/** The answer of auth, and what it says about a refusal: its typed errors, and how long to wait after too many attempts. */
export async function passedOn<Answer>(call: Promise<Answer>): Promise<Answer> {
  try {
    return await call;
  } catch (error) {
    if (!isCallError(error)) throw error;
    const { code, error: named, retryAfterMs } = error.data;
    if (!named && code !== 'TOO_MANY_REQUESTS') throw error;
    throw new MeshError(code, error.message, {
      cause: error,
      ...(named && { named }),
      ...(retryAfterMs !== undefined && { retryAfterMs }),
    });
  }
}
