import type { Topic } from '@arcadium/contracts/notification';
import { fingerprint } from '../../domain/fingerprint.ts';
import { isMutable } from '../../domain/muting.ts';
import type { Message } from '../../stores/delivery-store.ts';

/** What a caller says, as the procedures that send take it. */
type Said = Readonly<{ key: string; topic: Topic; title: string; body: string; link?: string | undefined }>;

/** The message to store. */
export function messageOf(said: Said, to: Pick<Message, 'sender' | 'userIds' | 'keyFor'>): Message {
  const { key, topic, title, body, link = null } = said;
  return { key, topic, title, body, link, fingerprint: fingerprint(said), mutable: isMutable(topic), ...to };
}
