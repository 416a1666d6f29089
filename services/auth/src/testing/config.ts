import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig, type Environment } from '@arcadium/mesh/config';
import type { TestIdentity } from '@arcadium/mesh/testing';
import type { TestDatabase } from '@arcadium/prisma/testing';
import { settings, type Config } from '../config.ts';

/** The administrator that the service creates with {@link testConfig}. */
export const administrator = { email: 'root@example.com', password: 'the first administrator' };

/**
 * A configuration as from the environment: on a test database, with new keys, without limits.
 *
 * @param over Settings to change, by name.
 */
export async function testConfig(
  { url, identity, database }: { url: string; identity: TestIdentity; database: TestDatabase },
  over: Environment = {},
): Promise<Config> {
  return readConfig(settings, {
    AUTH_SERVICE_URL: url,
    // Nothing listens there: messages wait in the outbox.
    NOTIFICATION_SERVICE_URL: 'http://127.0.0.1:1',
    RETRY_ATTEMPTS: '0',
    REQUEST_DEADLINE_MS: '1000',
    LOG_LEVEL: 'silent',
    RATE_LIMIT_CALLS: '0',
    STATE_DIR: mkdtempSync(join(tmpdir(), 'arcadium-auth-')),
    DATABASE_URL: database.url('auth'),
    DATABASE_OWNER_URL: database.ownerUrl('auth'),
    DATABASE_POOL_MAX: '5',
    SIGNING_KEYS: JSON.stringify({ keys: [identity.jwk] }),
    ENCRYPTION_KEY: randomBytes(32).toString('base64url'),
    SERVICE_TOKEN: await identity.serviceToken('auth'),
    ADMIN_EMAIL: administrator.email,
    ADMIN_PASSWORD: administrator.password,
    ...over,
  });
}
