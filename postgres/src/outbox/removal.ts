import { removeDeliveries, type Delivery, type OutboxDatabase } from './claims.ts';

/** Removes what was delivered: while one statement is under way, the next ones come together. */
export class Removal {
  readonly #database: OutboxDatabase;
  #delivered: Delivery[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #next: Promise<void> | undefined;

  constructor(database: OutboxDatabase) {
    this.#database = database;
  }

  /** Resolves when these are removed. */
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
      return removeDeliveries(this.#database, delivered);
    });
    this.#last = next.catch(() => {});
    return next;
  }
}
