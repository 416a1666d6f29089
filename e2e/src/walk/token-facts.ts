import { z } from 'zod';

const header = z.object({ kid: z.string() });
const claims = z.object({ iat: z.number(), exp: z.number() });

/** The content of a token; times in milliseconds since 1970. */
export function readTokenFacts(token: string): { kid: string; issuedAt: number; expiresAt: number } {
  const [head = '', body = ''] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
  const { iat, exp } = claims.parse(JSON.parse(body));
  return { kid: header.parse(JSON.parse(head)).kid, issuedAt: iat * 1000, expiresAt: exp * 1000 };
}
