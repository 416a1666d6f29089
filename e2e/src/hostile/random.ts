/** Reproducible random values, so that a failure can be repeated. */
export interface Random {
  /** An integer from 0 up to, but not including, a limit. */
  below(limit: number): number;
  pick<Item>(items: readonly Item[]): Item;
  bytes(count: number): Buffer;
}

/**
 * Starts a sequence.
 *
 * @see https://gist.github.com/tommyettinger/46a874533244883189143505d203312c (mulberry32)
 */
export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    below,
    pick: (items) => {
      const picked = items[below(items.length)];
      if (picked === undefined) throw new RangeError('There is nothing to pick from');
      return picked;
    },
    bytes: (count) => Buffer.from(Array.from({ length: count }, () => below(256))),
  };
}
