/**
 * A queue in which sources take turns; the items of one source keep their order.
 *
 * @example
 * const queue = new FairQueue<() => void>();
 * queue.push('ann', () => console.log('of Ann'));
 * queue.shift()?.();
 */
export class FairQueue<Item> {
  /** The items of each source that has any. A Map keeps insertion order: the first source is next. */
  readonly #bySource = new Map<unknown, Item[]>();

  push(source: unknown, item: Item): void {
    const items = this.#bySource.get(source);
    if (items) items.push(item);
    else this.#bySource.set(source, [item]);
  }

  /**
   * Removes the next item.
   *
   * @param mayGo Whether a source may have its turn; a source that is skipped keeps its place. @default always
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

  /** Waiting items of a source. */
  lengthOf(source: unknown): number {
    return this.#bySource.get(source)?.length ?? 0;
  }

  /** Removes an item before its turn. */
  remove(source: unknown, item: Item): void {
    const items = this.#bySource.get(source);
    const index = items?.indexOf(item) ?? -1;
    if (!items || index === -1) return;
    items.splice(index, 1);
    if (items.length === 0) this.#bySource.delete(source);
  }
}
