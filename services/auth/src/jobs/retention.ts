import type { Logger } from '@arcadium/mesh/telemetry';
import { Retention } from '@arcadium/prisma/retention';
import type { ServiceTokenStore } from '../stores/service-token-store.ts';
import type { TokenBlacklist } from '../stores/token-blacklist.ts';

/** What the retention of tokens needs. */
export interface TokenRetentionOptions {
  blacklist: Pick<TokenBlacklist, 'deleteExpired'>;
  serviceTokens: Pick<ServiceTokenStore, 'deleteExpired'>;
  log: Logger;
  now: () => Date;
  /** Wait between two runs, in milliseconds. @default 3600000 */
  everyMs?: number;
}

/** For how long what has expired stays on the blacklist, for clocks that are wrong for a while, in milliseconds: a day. */
const keepVoidMs = 24 * 3_600_000;

/** For how long an expired service token is listed, in milliseconds: 90 days. */
const keepTokensMs = 90 * 24 * 3_600_000;

/** Makes what deletes expired entries of the blacklist, and what was known of service tokens that expired long ago. */
export function createTokenRetention(options: TokenRetentionOptions): readonly Retention[] {
  const { blacklist, serviceTokens, log, now, everyMs = 3_600_000 } = options;
  const before = (ms: number) => new Date(now().getTime() - ms);
  return [
    new Retention({
      what: 'expired revocations',
      logger: log,
      everyMs,
      deleteSome: (limit) => blacklist.deleteExpired(before(keepVoidMs), limit),
    }),
    new Retention({
      what: 'records of service tokens that expired long ago',
      logger: log,
      everyMs,
      deleteSome: (limit) => serviceTokens.deleteExpired(before(keepTokensMs), limit),
    }),
  ];
}
