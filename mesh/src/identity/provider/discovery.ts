import { z } from 'zod';
import { DocumentError, fetchDocument } from './fetch-document.ts';

/** What is read of a provider's metadata (OpenID Connect Discovery 1.0 §3, RFC 8414 §2). */
const metadata = z.object({
  issuer: z.string(),
  jwks_uri: z.url().optional(),
  token_endpoint: z.url().optional(),
});
export type ProviderMetadata = z.output<typeof metadata>;

/**
 * Finds a provider's endpoints by its issuer: OpenID Connect Discovery, then RFC 8414.
 *
 * @throws DocumentError if there is no metadata, or it is of another issuer.
 */
export async function discover(issuer: string): Promise<ProviderMetadata> {
  const parsed = metadata.safeParse(await fetchMetadata(issuer));
  if (!parsed.success) throw new DocumentError(`the metadata of ${issuer} is invalid`);
  // Discovery §4.3: otherwise one issuer could speak for another.
  if (parsed.data.issuer !== issuer)
    throw new DocumentError(`the metadata of ${issuer} is of the issuer ${parsed.data.issuer.slice(0, 256)}`);
  return parsed.data;
}

async function fetchMetadata(issuer: string): Promise<unknown> {
  try {
    return await fetchDocument(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  } catch (error) {
    if (!(error instanceof DocumentError && error.status === 404)) throw error;
    const { origin, pathname } = new URL(issuer);
    const path = pathname === '/' ? '' : pathname;
    return fetchDocument(`${origin}/.well-known/oauth-authorization-server${path}`);
  }
}
