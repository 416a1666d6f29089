import { removeDeliveries, type Delivery } from './claims.ts';
import type { AnyOutbox } from './tables.ts';

/** Deletes completed deliveries. Those that come while a statement runs share the next one. */
export class Removal {
  readonly #outbox: AnyOutbox;
  #delivered: Delivery[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(outbox: AnyOutbox) {
    this.#outbox = outbox;
  }

  /** Resolves when these are deleted. */
  remove(deliveries: readonly Delivery[]): Promise<void> {
    this.#delivered.push(...deliveries);
    this.#next ??= this.#after(this.#last);
    return this.#next;
  }

  #after(last: Promise<unknown>): Promise<void> {
    const next = last.then(() => {
      const delivered = this.#delivered;
      this.#delivered = [];
      this.#next = undefined;
      return removeDeliveries(this.#outbox, delivered);
    });
    this.#last = next.catch(() => {});
    return next;
  }
}
