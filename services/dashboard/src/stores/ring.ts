/** The last items of a sequence; items are numbered from 1. */
export class Ring<Item> {
  readonly #capacity: number;
  readonly #items: (Item | undefined)[] = [];
  #first = 1;
  #next = 1;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#next - this.#first;
  }

  /** Number of the newest item; 0 before the first. */
  get newest(): number {
    return this.#next - 1;
  }

  /** The item of a number; `undefined` if it is no longer there. */
  at(number: number): Item | undefined {
    return number >= this.#first && number < this.#next ? this.#items[number % this.#capacity] : undefined;
  }

  /** Whether the oldest item must be taken out before the next one is added. */
  get full(): boolean {
    return this.size === this.#capacity;
  }

  /** Adds an item. The ring must not be full. @param make Makes the item of a number. */
  add<Added extends Item>(make: (number: number) => Added): Added {
    const item = make(this.#next);
    this.#items[this.#next % this.#capacity] = item;
    this.#next += 1;
    return item;
  }

  /** Takes the oldest item out; `undefined` from an empty ring. */
  shift(): Item | undefined {
    if (this.size === 0) return undefined;
    const index = this.#first % this.#capacity;
    const item = this.#items[index];
    this.#items[index] = undefined;
    this.#first += 1;
    return item;
  }

  /** From the newest to the oldest. @param before Only items with lower numbers. @default all */
  *newestFirst(before = this.#next): Generator<Item> {
    for (let number = Math.min(before, this.#next) - 1; number >= this.#first; number -= 1) {
      const item = this.#items[number % this.#capacity];
      if (item !== undefined) yield item;
    }
  }
}
