import { senderOf } from '../../domain/sender.ts';
import { inTheWay } from '../in-the-way.ts';
import { otherSenders } from '../../domain/topic-sender.ts';
import { hurriedMs, patientMs } from '../../stores/delivery-store.ts';
import { messageOf } from './message-of.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/**
 * Stores a notification for each of several users, or for none when the key was used for something else, or the topic is
 * for others to send. Of users for whom it cannot be stored, the others have it nevertheless.
 */
export function sendNotifications({
  stores: { deliveries },
}: NotificationDeps): NotificationHandler<'notifications.sendMany'> {
  return async ({ input, caller, errors, log }) => {
    const { topic, key, partial = false } = input;
    const sender = senderOf(caller);
    const senders = otherSenders(topic, sender);
    if (senders) throw errors.FOREIGN_TOPIC({ topic, sender, senders });
    const message = messageOf(input, { sender, userIds: input.userIds, keyFor: 'everybody' });
    const outcomes = await deliveries.deliverToEach([message], partial ? hurriedMs : patientMs);
    const count = { stored: 0, duplicate: 0, muted: 0, conflict: 0, busy: 0, failed: 0 };
    for (const { outcome } of outcomes) count[outcome] += 1;
    if (count.conflict > 0) throw errors.KEY_REUSED({ key });
    const told = { stored: count.stored, duplicate: count.duplicate, muted: count.muted };
    const undelivered = outcomes.filter((outcome) => 'error' in outcome);
    if (!partial) {
      const [first] = undelivered.toSorted((a, b) => b.outcome.localeCompare(a.outcome));
      if (first) throw first.outcome === 'busy' ? inTheWay(first.error) : first.error;
      return told;
    }
    for (const { outcome, userId, error } of undelivered)
      if (outcome === 'failed')
        log.error({ err: error, user_id: userId, sender, key }, 'a notification could not be stored');
    return {
      ...told,
      ...(undelivered.length > 0 && {
        undelivered: undelivered.map(({ userId, outcome }) => ({ userId, reason: outcome })),
      }),
    };
  };
}
