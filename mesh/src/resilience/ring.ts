/**
 * A node of a doubly linked ring, from which it can be taken out without a
 * search. A ring begins and ends with a node of its own, the head; a node that
 * waits nowhere is a ring by itself, so that it may be taken out twice.
 *
 * No base class, as to construct a derived one makes a time-out a third dearer.
 */
export interface RingNode {
  previous: this;
  next: this;
}

/** Whether a head is alone, or a node waits nowhere. */
export function isAlone(node: RingNode): boolean {
  return node.next === node;
}

/** Puts a node that waits nowhere at the end of the ring. */
export function append<Node extends RingNode>(node: Node, head: Node): void {
  node.previous = head.previous;
  node.next = head;
  head.previous.next = node;
  head.previous = node;
}

/** Takes a node out of its ring; nothing happens if it waits nowhere. */
export function remove(node: RingNode): void {
  node.previous.next = node.next;
  node.next.previous = node.previous;
  node.previous = node;
  node.next = node;
}
