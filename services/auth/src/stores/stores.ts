import { createOutboxHandlers } from '@arcadium/postgres/outbox';
import { fromPrisma } from '@arcadium/postgres/prisma';
import { notificationOutbox } from '@arcadium/prisma/notification-outbox';
import type { Seal } from '../domain/seal.ts';
import { createAdministrationStore } from './administration-store.ts';
import { createAuditStore } from './audit-store.ts';
import { createLoginThrottle } from './login-throttle.ts';
import { createPasswordStore } from './password-store.ts';
import { createSecondFactorStore } from './second-factor-store.ts';
import { createServiceTokenStore } from './service-token-store.ts';
import { createSessionStore } from './session-store.ts';
import { createTokenBlacklist } from './token-blacklist.ts';
import type { Database } from './transaction.ts';
import { createUserStore } from './user-store.ts';

/** Everything that this service stores. */
export type Stores = ReturnType<typeof createStores>;

/** All stores on one Prisma client. */
export function createStores(database: Database, seal: Seal) {
  return {
    users: createUserStore(database),
    administration: createAdministrationStore(database),
    passwords: createPasswordStore(database),
    sessions: createSessionStore(database, seal),
    secondFactors: createSecondFactorStore(database, seal),
    blacklist: createTokenBlacklist(database),
    serviceTokens: createServiceTokenStore(database),
    audit: createAuditStore(database),
    throttle: createLoginThrottle(database),
    outbox: createOutboxHandlers({
      database: fromPrisma(database, { schema: 'auth' }),
      tables: notificationOutbox,
    }),
  };
}
