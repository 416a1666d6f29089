/**
 * The endpoints that one client uses of many: those with the least hashes of name and seed (rendezvous hashing).
 * Clients with different seeds choose differently, so the calls of all clients spread over all endpoints. An
 * endpoint that comes or goes changes at most one place in the choice.
 *
 * @param names Names of the endpoints, each once.
 * @param options.most Size of the choice; fewer endpoints are all used.
 * @param options.seed Of this client.
 * @returns The chosen ones, in the order given.
 * @see https://github.com/grpc/proposal/blob/master/A68-random-subsetting.md
 */
export function subsetOf<Named>(
  names: readonly Named[],
  { most, seed, nameOf }: { most: number; seed: number; nameOf: (one: Named) => string },
): readonly Named[] {
  if (names.length <= most) return names;
  const scored = names.map((one) => ({ one, score: hash(nameOf(one), seed) }));
  const limit = scored.map(({ score }) => score).toSorted((a, b) => a - b)[most - 1] ?? 0;
  // Two names with one hash are as good as never; then one fewer or more is used.
  return scored.filter(({ score }) => score <= limit).map(({ one }) => one);
}

/** FNV-1a with a seed, and the finaliser of MurmurHash3: similar names have unlike hashes. */
function hash(text: string, seed: number): number {
  let state = seed ^ 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1)
    state = Math.imul(state ^ text.charCodeAt(index), 0x01_00_01_93);
  state = Math.imul(state ^ (state >>> 16), 0x85_eb_ca_6b);
  state = Math.imul(state ^ (state >>> 13), 0xc2_b2_ae_35);
  return (state ^ (state >>> 16)) >>> 0;
}
