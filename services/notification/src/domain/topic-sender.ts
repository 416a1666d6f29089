import { topicSenders, type Topic } from '@arcadium/contracts/notification';

/** The services that may send a topic, if this one may not; otherwise `undefined`. */
export function otherSenders(topic: Topic, sender: string): string[] | undefined {
  const senders: readonly string[] = topicSenders[topic];
  return senders.includes(sender) ? undefined : [...senders];
}
