/** Price of a piece that there is plenty of, in cents. */
const baseCents = 1000;

/** The price of one piece, in cents: the fewer there are, the more it costs, up to twice as much. */
export function priceOf(quantity: number): number {
  return Math.round(baseCents * (1 + 1 / (1 + quantity)));
}
