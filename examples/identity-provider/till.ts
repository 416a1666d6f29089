import { connect } from '@arcadium/mesh/client';
import { ClientCredentials } from '@arcadium/mesh/identity';
import { createLogger } from '@arcadium/mesh/telemetry';
import { shopContract } from './contract.ts';

/** A service that calls the shop with tokens that it gets by client credentials. */
export async function openTill(issuer: string, shopUrl: string) {
  const log = createLogger({ service: 'till', level: 'warn' });
  const credentials = new ClientCredentials({
    issuer,
    clientId: 'till-7',
    clientSecret: 'the secret of the till',
    scopes: ['orders:read', 'orders:act'],
    parameters: { resource: 'https://shop.example' },
    log,
  });
  const shop = connect(shopContract, {
    as: 'till',
    url: shopUrl,
    token: () => credentials.current,
    log,
  });
  await credentials.ready();
  return {
    shop,
    credentials,
    async [Symbol.asyncDispose]() {
      await shop[Symbol.asyncDispose]();
      await credentials[Symbol.asyncDispose]();
    },
  };
}
