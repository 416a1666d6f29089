/**
 * A queue in which the sources take turns: what one of them has put in comes
 * out in that order, but a source that puts in a thousand keeps the one thing
 * of another waiting for one of its own only.
 */
export class FairQueue<Item> {
  /** The items of each source that has any. A Map keeps the order in which keys were added: the first is whose turn it is. */
  readonly #bySource = new Map<unknown, Item[]>();

  push(source: unknown, item: Item): void {
    const items = this.#bySource.get(source);
    if (items) items.push(item);
    else this.#bySource.set(source, [item]);
  }

  /**
   * Takes out the next; `undefined` if there is none.
   *
   * @param mayGo Whether it can be a source's turn; one that is passed over keeps its place. @default always
   */
  shift(mayGo?: (source: unknown) => boolean): Item | undefined {
    for (const [source, items] of this.#bySource) {
      if (mayGo?.(source) === false) continue;
      const item = items.shift();
      this.#bySource.delete(source);
      if (items.length > 0) this.#bySource.set(source, items);
      return item;
    }
    return undefined;
  }

  /** How many things of a source wait. */
  lengthOf(source: unknown): number {
    return this.#bySource.get(source)?.length ?? 0;
  }

  /** Takes one out before its turn. */
  remove(source: unknown, item: Item): void {
    const items = this.#bySource.get(source);
    const index = items?.indexOf(item) ?? -1;
    if (!items || index === -1) return;
    items.splice(index, 1);
    if (items.length === 0) this.#bySource.delete(source);
  }
}
