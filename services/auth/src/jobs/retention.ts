import type { Logger } from '@arcadium/mesh/telemetry';
import { Retention } from '@arcadium/postgres/retention';
import type { ServiceTokenStore } from '../stores/service-token-store.ts';
import type { TokenBlacklist } from '../stores/token-blacklist.ts';

export interface TokenRetentionOptions {
  blacklist: Pick<TokenBlacklist, 'deleteExpired'>;
  serviceTokens: Pick<ServiceTokenStore, 'deleteExpired'>;
  log: Logger;
  now: () => Date;
  /** Interval of the runs, in milliseconds. @default 3600000 */
  everyMs?: number;
}

/** How long expired entries stay on the revocation list, in case a clock is wrong, in milliseconds: a day. */
const keepVoidMs = 24 * 3_600_000;

/** How long an expired service token is listed, in milliseconds: 90 days. */
const keepTokensMs = 90 * 24 * 3_600_000;

/** Creates the job that deletes expired revocations and the records of long-expired service tokens. */
export function createTokenRetention(options: TokenRetentionOptions): readonly Retention[] {
  const { blacklist, serviceTokens, log, now, everyMs = 3_600_000 } = options;
  const before = (ms: number) => new Date(now().getTime() - ms);
  return [
    new Retention({
      what: 'expired revocations',
      log,
      everyMs,
      deleteSome: (limit) => blacklist.deleteExpired(before(keepVoidMs), limit),
    }),
    new Retention({
      what: 'records of service tokens that expired long ago',
      log,
      everyMs,
      deleteSome: (limit) => serviceTokens.deleteExpired(before(keepTokensMs), limit),
    }),
  ];
}
