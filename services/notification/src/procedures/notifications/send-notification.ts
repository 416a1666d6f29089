import { senderOf } from '../../domain/sender.ts';
import { inTheWay } from '../in-the-way.ts';
import { otherSenders } from '../../domain/topic-sender.ts';
import { patientMs } from '../../stores/delivery-store.ts';
import { messageOf } from './message-of.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** Stores a notification for one user, once for each key of the sender, if the sender may send its topic. */
export function sendNotification({
  stores: { deliveries },
}: NotificationDeps): NotificationHandler<'notifications.send'> {
  return async ({ input, caller, errors }) => {
    const { topic } = input;
    const sender = senderOf(caller);
    const senders = otherSenders(topic, sender);
    if (senders) throw errors.FOREIGN_TOPIC({ topic, sender, senders });
    const message = messageOf(input, { sender, userIds: [input.userId], keyFor: 'each user' });
    const [delivery] = await deliveries.deliverToEach([message], patientMs);
    if (!delivery) throw new Error('a delivery to one user had no outcome');
    if ('error' in delivery) throw delivery.outcome === 'busy' ? inTheWay(delivery.error) : delivery.error;
    if (delivery.outcome === 'conflict') throw errors.KEY_REUSED({ key: input.key });
    return { id: delivery.id, outcome: delivery.outcome };
  };
}
