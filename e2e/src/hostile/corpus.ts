import { brokenBodies } from './broken-bodies.ts';
import { brokenHttp } from './broken-http.ts';
import type { HostileRequest } from './exchange.ts';
import type { Holdings } from './http-call.ts';
import { flipped, interrupted } from './interrupted.ts';
import { oddCalls } from './odd-calls.ts';
import { oddInputs } from './odd-inputs.ts';
import { oddStreams } from './odd-streams.ts';
import { oddTargets } from './odd-targets.ts';
import { createRandom } from './random.ts';
import { toRequests } from './wire.ts';

/** All requests, the same for the same seed, in an order that mixes the kinds. */
export function hostileCorpus(seed: number, holdings: Holdings): HostileRequest[] {
  const random = createRandom(seed);
  const corpus = [
    ...toRequests([...brokenHttp, ...brokenBodies, ...oddTargets]),
    ...interrupted,
    ...flipped(random),
    ...oddCalls(holdings),
    ...oddStreams(holdings),
    ...oddInputs(random, holdings),
  ];
  const mixed: HostileRequest[] = [];
  while (corpus.length > 0) mixed.push(...corpus.splice(random.below(corpus.length), 1));
  return mixed;
}
