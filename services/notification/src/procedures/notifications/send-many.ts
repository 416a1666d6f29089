import type { notificationContract } from '@arcadium/contracts/notification';
import type { HandlerOf } from '@arcadium/mesh/server';
import { fingerprint } from '../../domain/fingerprint.ts';
import { isMutable } from '../../domain/muting.ts';
import { senderOf } from '../../domain/sender.ts';
import { otherSenders } from '../../domain/topic-sender.ts';
import type { Stores } from '../../stores/stores.ts';

/** Stores a notification for each of several users, or for none when the key was used for something else, or the topic is for others to send. */
export function sendNotifications({
  deliveries,
}: Pick<Stores, 'deliveries'>): HandlerOf<typeof notificationContract, 'notifications.sendMany'> {
  return async ({ input, caller, errors }) => {
    const { topic } = input;
    const sender = senderOf(caller);
    const senders = otherSenders(topic, sender);
    if (senders) throw errors.FOREIGN_TOPIC({ topic, sender, senders });
    const outcomes = await deliveries.deliver({
      ...input,
      link: input.link ?? null,
      sender,
      fingerprint: fingerprint(input),
      mutable: isMutable(topic),
      keyFor: 'everybody',
    });
    const count = { stored: 0, duplicate: 0, muted: 0, conflict: 0 };
    for (const { outcome } of outcomes) count[outcome] += 1;
    if (count.conflict > 0) throw errors.KEY_REUSED({ key: input.key });
    return { stored: count.stored, duplicate: count.duplicate, muted: count.muted };
  };
}
