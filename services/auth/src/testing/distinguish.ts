/** How many times the labels are dealt out anew. */
const rounds = 20_000;

/**
 * How likely it is, from 0 to 1, that two samples of one distribution differ
 * as much as these do: Mann and Whitney's comparison of ranks, as a permutation
 * test. It assumes nothing of how they are distributed, only that they were
 * drawn in a random order.
 *
 * @param random Numbers of [0, 1).
 */
export function chanceOfSameness(
  one: readonly number[],
  other: readonly number[],
  random: () => number = Math.random,
): number {
  // Ranks instead of times: one stall of the machine weighs no more than any other late one.
  const ranks = ranksOf([...one, ...other]);
  // With what one has of all ranks, the other's mean is given.
  const expected = mean(ranks);
  const difference = (values: readonly number[]): number =>
    Math.abs(mean(values.slice(0, one.length)) - expected);
  const found = difference(ranks);
  let asLarge = 1;
  for (let round = 0; round < rounds; round++) {
    shuffle(ranks, random);
    if (difference(ranks) >= found) asLarge += 1;
  }
  return asLarge / (rounds + 1);
}

/** Ties cannot be told apart by times of this resolution and stand in the order they came in. */
function ranksOf(values: readonly number[]): number[] {
  const ranks: number[] = [];
  const byValue = values.map((value, index) => ({ value, index })).toSorted((a, b) => a.value - b.value);
  for (const [rank, { index }] of byValue.entries()) ranks[index] = rank;
  return ranks;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Fisher and Yates. */
function shuffle(values: number[], random: () => number): void {
  for (let last = values.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [values[last], values[chosen]] = [values[chosen] ?? 0, values[last] ?? 0];
  }
}
