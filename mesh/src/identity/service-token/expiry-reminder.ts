import type { Logger } from '../../telemetry/index.ts';
import type { ServiceToken } from './service-token.ts';
import { dayMs, tokenStage, type TokenFacts, type TokenStage } from './token-facts.ts';

/**
 * Makes a check that logs when a token is about to expire: a warning in the last fifth of its life, an error on its last
 * day and once it has expired; each stage once a day. It also checks the stored token that a restart would use, if that
 * is a different one.
 *
 * @returns The check, to be called at least once an hour.
 */
export function createExpiryReminder(token: ServiceToken, log: Logger): () => void {
  const ofCurrent = createReminder(log, {
    low: 'the service token expires soon, and could not be renewed yet',
    expired:
      'the service token has expired: other services refuse every call of this service. Issue a new token',
  });
  const ofStored = createReminder(log, {
    low: 'the stored service token, which a restart uses, expires soon; the one in force is in memory only',
    expired:
      'the stored service token, which a restart uses, has expired; the one in force is in memory only. Issue a new token before the service stops',
  });
  return () => {
    ofCurrent(token.facts);
    if (token.stored.token !== token.facts.token) ofStored(token.stored);
  };
}

function createReminder(log: Logger, message: { low: string; expired: string }) {
  let stage: TokenStage = 'good';
  let saidAt = -Infinity;
  return (facts: TokenFacts): void => {
    const before = stage;
    stage = tokenStage(facts, Date.now());
    if (stage === 'good' || (stage === before && performance.now() - saidAt < dayMs)) return;
    saidAt = performance.now();
    const level = stage === 'low' ? 'warn' : 'error';
    const expires = { token_id: facts.tokenId, expires_at: new Date(facts.expiresAt).toISOString() };
    log[level](expires, stage === 'expired' ? message.expired : message.low);
  };
}
