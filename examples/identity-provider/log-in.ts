import { createHash, randomBytes } from 'node:crypto';
import { redirectUri } from './provider.ts';

/** The tokens of a user, as an application gets them. */
export type UserTokens = { accessToken: string; idToken: string };

/** What an application and its browser do: authorisation code with PKCE (RFC 7636). @param scope What to ask for. */
export async function logIn(issuer: string, scope: string): Promise<UserTokens> {
  const verifier = randomBytes(32).toString('base64url');
  const question = new URLSearchParams({
    client_id: 'shop-app',
    response_type: 'code',
    redirect_uri: redirectUri,
    scope: `openid ${scope}`,
    resource: 'https://shop.example',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const code = await browse(`${issuer}/auth?${question}`);
  const answer = await fetch(`${issuer}/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      client_id: 'shop-app',
      code,
      code_verifier: verifier,
      redirect_uri: redirectUri,
    }),
  });
  const tokens = (await answer.json()) as { access_token: string; id_token: string };
  if (!answer.ok) throw new Error(`no tokens: ${JSON.stringify(tokens)}`);
  return { accessToken: tokens.access_token, idToken: tokens.id_token };
}

/** Follows redirects with cookies, as a browser does, up to the application. @returns The code. */
async function browse(from: string): Promise<string> {
  const cookies = new Map<string, string>();
  let url = new URL(from);
  for (let steps = 0; steps < 10; steps += 1) {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const answer = await fetch(url, { redirect: 'manual', headers: { cookie } });
    for (const line of answer.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    const location = answer.headers.get('location');
    if (location === null)
      throw new Error(`${url.pathname} answered ${answer.status}: ${await answer.text()}`);
    url = new URL(location, url);
    const code = url.searchParams.get('code');
    if (code !== null) return code;
    if (url.href.startsWith(redirectUri)) throw new Error(`no code: ${url.search}`);
  }
  throw new Error('too many redirects');
}
