import type { Topic } from '@arcadium/contracts/notification';

/** A topic that a user may mute. */
export type MutableTopic = Exclude<Topic, 'security'>;

/** Users cannot mute notifications about the security of their account. */
export function isMutable(topic: Topic): topic is MutableTopic {
  return topic !== 'security';
}
