import type { Topic } from '@arcadium/contracts/notification';

/** A topic that a user may mute. */
export type MutableTopic = Exclude<Topic, 'security'>;

/** Whether a user may mute a topic: what concerns his account's security always reaches him. */
export function isMutable(topic: Topic): topic is MutableTopic {
  return topic !== 'security';
}
