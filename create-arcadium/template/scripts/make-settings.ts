import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { EnvFile } from './env-file.ts';
import { root, serviceNames } from './services.ts';
import { publicKey, serviceToken } from './tokens.ts';

/** Writes the missing settings to `.env` and `services/<name>/.env`, and renews service tokens that expire within 30 days. */
export async function makeSettings(): Promise<void> {
  const shared = new EnvFile(join(root, '.env'));
  shared.add('INVENTORY_SERVICE_URL', 'http://localhost:3001');
  shared.add('PRICING_SERVICE_URL', 'http://localhost:3002');
  shared.set('PUBLIC_KEYS', JSON.stringify({ keys: [await publicKey()] }));
  const port = shared.add('POSTGRES_PORT', '54329');
  shared.add('POSTGRES_PASSWORD', newPassword());

  const inventory = new EnvFile(join(root, 'services/inventory/.env'));
  inventory.add('DATABASE_URL', `postgres://inventory:${newPassword()}@127.0.0.1:${port}/app`);

  for (const service of serviceNames()) {
    const own = new EnvFile(join(root, 'services', service, '.env'));
    own.set('SERVICE_TOKEN', await serviceToken(service, own.get('SERVICE_TOKEN')));
  }
}

/** 192 bits, in characters that a URL and a shell take as they are. */
function newPassword(): string {
  return randomBytes(24).toString('base64url');
}
