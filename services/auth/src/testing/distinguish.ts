/** Number of random permutations. */
const rounds = 20_000;

/**
 * The probability, 0 to 1, that two samples of one distribution differ as much as these: the Mann–Whitney
 * comparison of ranks, as a permutation test. It assumes nothing about the distribution, only that the
 * samples were drawn in random order.
 *
 * @param random Numbers in [0, 1).
 */
export function chanceOfSameness(
  one: readonly number[],
  other: readonly number[],
  random: () => number = Math.random,
): number {
  // Ranks instead of times, so that a single long pause weighs no more than any other slow call.
  const ranks = ranksOf([...one, ...other]);
  // The ranks of one sample determine the mean of the other.
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

/** Equal times keep the order in which they came in. */
function ranksOf(values: readonly number[]): number[] {
  const ranks: number[] = [];
  const byValue = values.map((value, index) => ({ value, index })).toSorted((a, b) => a.value - b.value);
  for (const [rank, { index }] of byValue.entries()) ranks[index] = rank;
  return ranks;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Fisher–Yates shuffle. */
function shuffle(values: number[], random: () => number): void {
  for (let last = values.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [values[last], values[chosen]] = [values[chosen] ?? 0, values[last] ?? 0];
  }
}
