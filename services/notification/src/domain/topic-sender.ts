import { topicSenders, type Topic } from '@arcadium/contracts/notification';

/** The services that may send a topic, where this one may not; `undefined` where it may. */
export function otherSenders(topic: Topic, sender: string): string[] | undefined {
  const senders: readonly string[] = topicSenders[topic];
  return senders.includes(sender) ? undefined : [...senders];
}
