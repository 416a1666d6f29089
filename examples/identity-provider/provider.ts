import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Provider, type JWK } from 'oidc-provider';

const shop = 'https://shop.example';
export const redirectUri = 'http://localhost/callback';

/** An OpenID provider on a free port. It knows the user `ann`, and asks for no password: yours will. */
export class ExampleProvider implements AsyncDisposable {
  readonly issuer: string;
  readonly #server;
  readonly #lifetime: number;
  #keys: JWK[] = [];
  #handle: RequestListener = (_request, response) => response.writeHead(503).end();

  private constructor(server: ReturnType<typeof createServer>, lifetime: number) {
    this.#server = server;
    this.#lifetime = lifetime;
    this.issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => this.#handle(request, response));
    this.rotateKey('RS256');
  }

  /** @param options.lifetime Of access tokens, in seconds. */
  static async start({ lifetime = 300 } = {}): Promise<ExampleProvider> {
    const server = createServer();
    server.listen(0, 'localhost');
    await once(server, 'listening');
    return new ExampleProvider(server, lifetime);
  }

  /** Signs with a new key from now on; the keys before stay published, for the tokens that they have signed. */
  rotateKey(alg: 'RS256' | 'ES256'): void {
    const { privateKey } =
      alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const key = { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg } as JWK;
    this.#keys = [key, ...this.#keys];
    const provider = this.#provider(alg);
    const callback = provider.callback();
    this.#handle = (request, response) => {
      if (request.url?.startsWith('/log-in/')) void logIn(provider, request, response);
      else void callback(request, response);
    };
  }

  #provider(alg: 'RS256' | 'ES256'): Provider {
    return new Provider(this.issuer, {
      jwks: { keys: this.#keys },
      cookies: { keys: ['a secret for cookies'] },
      clients: [
        {
          client_id: 'till-7',
          client_secret: 'the secret of the till',
          grant_types: ['client_credentials'],
          response_types: [],
          redirect_uris: [],
        },
        {
          client_id: 'shop-app',
          token_endpoint_auth_method: 'none',
          grant_types: ['authorization_code'],
          response_types: ['code'],
          redirect_uris: [redirectUri],
          application_type: 'native',
          id_token_signed_response_alg: alg,
        },
      ],
      pkce: { required: () => true },
      enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
      findAccount: (_context, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
      interactions: { url: (_context, interaction) => `/log-in/${interaction.uid}` },
      features: {
        devInteractions: { enabled: false },
        clientCredentials: { enabled: true },
        resourceIndicators: {
          enabled: true,
          defaultResource: () => shop,
          useGrantedResource: () => true,
          getResourceServerInfo: () => ({
            scope: 'orders:read orders:write orders:act',
            audience: shop,
            accessTokenFormat: 'jwt',
            accessTokenTTL: this.#lifetime,
            jwt: { sign: { alg } },
          }),
        },
      },
      ttl: { Interaction: 60, Grant: 600, Session: 600, IdToken: 300 },
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

/** Logs `ann` in and consents to what the application asks for. */
async function logIn(provider: Provider, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { prompt, params, session } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    await provider.interactionFinished(request, response, { login: { accountId: 'ann' } });
    return;
  }
  const grant = new provider.Grant({ accountId: session?.accountId, clientId: String(params['client_id']) });
  grant.addOIDCScope('openid');
  grant.addResourceScope(shop, String(params['scope']));
  const grantId = await grant.save();
  await provider.interactionFinished(
    request,
    response,
    { consent: { grantId } },
    { mergeWithLastSubmission: true },
  );
}
