import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';

/** A key pair of a provider. */
export type ProviderKeyPair = Readonly<{ alg: string; privateKey: CryptoKey; jwk: JWK }>;

/** Makes a key pair. @param kid `undefined` for a key without one. */
export async function makeKey(alg: string, kid: string | undefined): Promise<ProviderKeyPair> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), ...(kid !== undefined && { kid }), alg, use: 'sig' };
  return { alg, privateKey, jwk };
}

/** An issuer of tokens with a real HTTP server: metadata, keys, and faults that a test sets. */
export class SmallProvider implements AsyncDisposable {
  readonly issuer: string;
  /** What its JWK set has. */
  published: object[] = [];
  /** Requests for keys since the start. */
  asked = 0;
  /** Answers instead of its own. */
  fault: ((response: ServerResponse) => void) | undefined;
  /** Its metadata; `undefined` for 404. */
  metadata: object | undefined;
  readonly #server;

  private constructor(server: ReturnType<typeof createServer>) {
    this.#server = server;
    this.issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
    this.metadata = { issuer: this.issuer, jwks_uri: `${this.issuer}/keys` };
  }

  static async start(...keys: readonly ProviderKeyPair[]): Promise<SmallProvider> {
    const server = createServer((request, response) => provider.#answer(request.url ?? '', response));
    server.listen(0, 'localhost');
    await once(server, 'listening');
    const provider = new SmallProvider(server);
    provider.published = keys.map(({ jwk }) => jwk);
    return provider;
  }

  #answer(url: string, response: ServerResponse): void {
    const isKeys = url === '/keys';
    if (isKeys) this.asked += 1;
    if (this.fault) return this.fault(response);
    const isMetadata = url === '/.well-known/openid-configuration';
    const body = isKeys ? { keys: this.published } : isMetadata ? this.metadata : undefined;
    response.statusCode = body ? 200 : 404;
    response.end(JSON.stringify(body ?? {}));
  }

  /** Signs a token of the user `ann`, valid for five minutes, with changes; `undefined` removes a member. */
  token(
    key: ProviderKeyPair,
    { claims = {}, header = {} }: { claims?: Record<string, unknown>; header?: Record<string, unknown> } = {},
  ): Promise<string> {
    const now = Math.floor(Date.now() / 1000);
    const own = { iss: this.issuer, aud: audience, sub: 'ann', client_id: 'spa', iat: now, exp: now + 300 };
    const payload = JSON.parse(JSON.stringify({ ...own, jti: crypto.randomUUID(), ...claims })) as JWTPayload;
    const ownHeader = { alg: key.alg, typ: 'at+jwt', kid: key.jwk.kid };
    return new SignJWT(payload)
      .setProtectedHeader(JSON.parse(JSON.stringify({ ...ownHeader, ...header })) as { alg: string })
      .sign(key.privateKey);
  }

  /** Signs the token of a service: of a client, with no user behind it. */
  serviceToken(key: ProviderKeyPair, client: string, claims: Record<string, unknown> = {}): Promise<string> {
    return this.token(key, { claims: { sub: client, client_id: client, ...claims } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** The audience of the tokens. */
export const audience = 'https://shop.example';
