import { expect, test } from 'vitest';
import { createAuthenticate, createKeySet, jwks, publicPart } from '../identity/index.ts';
import { silentLogger } from '../testing/index.ts';
import { generateSigningKey, importSigningKey, issueServiceToken, issueUserToken } from './index.ts';

test('what an issuer signs is verified with what it publishes, with scopes and tenant', async () => {
  const jwk = await generateSigningKey();
  const key = await importSigningKey(jwk);
  const { keys: initial } = jwks.parse({ keys: [publicPart(jwk)] });
  const authenticate = createAuthenticate(await createKeySet({ initial, log: silentLogger }));
  const limits = { scopes: ['stock:read', 'stock:write'], tenant: 'acme' };
  const [till, ann] = await Promise.all([
    issueServiceToken(key, { id: '1', name: 'till', ...limits }),
    issueUserToken(key, { id: '2', name: 'Ann', role: 'user', ...limits }),
  ]);
  expect(
    await authenticate({ authorization: `Service-Token ${till.token}`, userToken: ann.token }),
  ).toMatchObject({ service: { name: 'till', ...limits }, user: { id: '2', ...limits } });
  const plain = await issueServiceToken(key, { id: '1', name: 'till', scopes: [] });
  expect(
    await authenticate({ authorization: `Service-Token ${plain.token}`, userToken: undefined }),
  ).toMatchObject({ service: { scopes: [], tenant: undefined } });
});
