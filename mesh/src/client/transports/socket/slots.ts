/** So many slots, and ids come round again: 2^53 of them in all. */
const stride = 2 ** 20;

/**
 * What waits for an answer, by an id of ours. Not in a Map: one whose elements
 * come and go leaves tables behind that point at one another, and what was
 * young when they were thrown away grows old with them. Slots are used again,
 * ids are not: a late answer finds nobody.
 */
export class Slots<Value> {
  #size = 0;
  readonly #values: (Value | undefined)[] = [];
  readonly #ids: number[] = [];
  readonly #free: number[] = [];

  get size(): number {
    return this.#size;
  }

  /** Puts a value in, and answers with its id, from 1. */
  add(value: Value): number {
    const slot = this.#free.pop() ?? this.#values.length;
    const id = (this.#ids[slot] ?? slot + 1 - stride) + stride;
    this.#values[slot] = value;
    this.#ids[slot] = id;
    this.#size += 1;
    return id;
  }

  /** Takes a value out; `undefined` if it is not there any more. */
  take(id: number): Value | undefined {
    const slot = (id - 1) % stride;
    if (this.#ids[slot] !== id) return undefined;
    const value = this.#values[slot];
    if (value === undefined) return undefined;
    this.#values[slot] = undefined;
    this.#free.push(slot);
    this.#size -= 1;
    return value;
  }

  /** Takes all out. */
  clear(): Value[] {
    return this.#ids.flatMap((id) => this.take(id) ?? []);
  }
}
