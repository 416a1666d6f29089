import { senderOf } from '../../domain/sender.ts';
import { otherSenders } from '../../domain/topic-sender.ts';
import { hurriedMs } from '../../stores/delivery-store.ts';
import { messageOf } from './message-of.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** Stores a notification for each message; of those that cannot be stored, the others are nevertheless. */
export function sendBatch({
  stores: { deliveries },
}: NotificationDeps): NotificationHandler<'notifications.sendBatch'> {
  return async ({ input, caller, errors, log }) => {
    const sender = senderOf(caller);
    for (const { topic } of input.messages) {
      const senders = otherSenders(topic, sender);
      if (senders) throw errors.FOREIGN_TOPIC({ topic, sender, senders });
    }
    const messages = input.messages.map(({ userId, ...said }) =>
      messageOf(said, { sender, userIds: [userId], keyFor: 'each user' }),
    );
    const outcomes = await deliveries.deliverToEach(messages, hurriedMs);
    const conflict = outcomes.find(({ outcome }) => outcome === 'conflict');
    if (conflict) throw errors.KEY_REUSED({ key: conflict.key });
    const undelivered = outcomes.filter((outcome) => 'error' in outcome);
    for (const { outcome, key, userId, error } of undelivered)
      if (outcome === 'failed')
        log.error({ err: error, user_id: userId, sender, key }, 'a notification could not be stored');
    return {
      undelivered: undelivered.map(({ key, userId, outcome }) => ({ key, userId, reason: outcome })),
    };
  };
}
