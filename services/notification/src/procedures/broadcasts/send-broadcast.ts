import { fingerprint } from '../../domain/fingerprint.ts';
import { senderOf } from '../../domain/sender.ts';
import type { NotificationDeps, NotificationHandler } from '../deps.ts';

/** Stores a broadcast to all administrators, once for each key of the sender. */
export function sendBroadcast({
  stores: { broadcasts },
}: NotificationDeps): NotificationHandler<'broadcasts.send'> {
  return async ({ input, caller, errors }) => {
    const { key, title, body, link = null } = input;
    const print = fingerprint(input);
    const sent = await broadcasts.send({
      sender: senderOf(caller),
      key,
      fingerprint: print,
      title,
      body,
      link,
    });
    if (sent.fingerprint !== print) throw errors.KEY_REUSED({ key });
    return { id: sent.id, outcome: sent.stored ? 'stored' : 'duplicate' };
  };
}
