import { createPublicKey } from 'node:crypto';
import { createAuthenticate, createKeySet, publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey, importSigningKey, issueServiceToken } from '@arcadium/mesh/issuer';
import { createLogger } from '@arcadium/mesh/telemetry';
import { createVerifier } from 'fast-jwt';
import { importJWK, jwtVerify } from 'jose';
import { median } from '../compare/summary.ts';

export interface TokenPlan {
  readonly rounds: number;
  /** Number of tokens that each row verifies in a round. */
  readonly tokens: number;
}

/** The cost of one way to verify. */
export interface TokenRow {
  readonly name: string;
  /** CPU microseconds per token, all threads of the process. */
  readonly cpuUs: number;
  /** Relative to the mesh; the median of the rounds' ratios. */
  readonly ratio: number;
}

/** A token as it arrives with a request, as new strings each time, alone and in its header. */
type Arrival = Readonly<{ token: string; authorization: string }>;

type Verify = (arrival: Arrival) => unknown;

/** Ways to verify, the mesh's first, which the others are compared with. */
type Contest = readonly { readonly name: string; readonly verify: Verify }[];

/**
 * What each checks besides the signature: algorithm, type, issuer, audience, time, and that the claims exist.
 */
const expected = { issuer: 'arcadium-auth', audience: 'arcadium-services', typ: 'service+jwt' };
const requiredClaims = ['sub', 'jti', 'iat', 'exp'];

/** How often each known token is looked up in a round, as there are few of them. */
const lookUps = 100;

/** Measures the cost of verifying new and known tokens. */
export async function measureTokens({ rounds, tokens }: TokenPlan): Promise<TokenRow[]> {
  const jwk = await generateSigningKey();
  const signer = await importSigningKey(jwk);
  const issue = async () => (await issueServiceToken(signer, { id: 'wiki-id', name: 'wiki' })).token;
  const log = createLogger({ service: 'bench', level: 'silent' });
  const keys = await createKeySet({ initial: [publicPart(jwk)], log });
  const mesh = (): Verify => {
    const authenticate = createAuthenticate(keys);
    return ({ authorization }) => authenticate({ authorization, userToken: undefined });
  };
  const { issuer: allowedIss, audience: allowedAud, typ: checkTyp } = expected;
  const key = createPublicKey({ key: publicPart(jwk), format: 'jwk' }).export({
    type: 'spki',
    format: 'pem',
  });
  const fast = (cache: boolean): Verify => {
    const verify = createVerifier({
      key: key.toString(),
      algorithms: ['EdDSA'],
      allowedIss,
      allowedAud,
      checkTyp,
      requiredClaims,
      cache,
    });
    return ({ token }) => verify(token);
  };
  const josesKey = await importJWK(publicPart(jwk), 'EdDSA');
  const jose: Verify = ({ token }) =>
    jwtVerify(token, josesKey, { ...expected, algorithms: ['EdDSA'], requiredClaims });

  const news: Contest = [
    { name: 'the mesh, a new token', verify: mesh() },
    { name: 'jose, a new token', verify: jose },
    { name: 'fast-jwt, a new token', verify: fast(false) },
  ];
  const seen: Contest = [
    { name: 'the mesh, a token that was seen', verify: mesh() },
    { name: 'fast-jwt with its cache, a token that was seen', verify: fast(true) },
  ];
  const few = await Promise.all(Array.from({ length: tokens / lookUps }, issue));
  const often = Array.from({ length: lookUps * lookUps }, () => few).flat();
  for (const { verify } of seen) for (const token of few) await verify(arrivalOf(token));
  const [ofNew, ofSeen] = [new Map<string, number[]>(), new Map<string, number[]>()];
  for (let round = 0; round < rounds; round += 1) {
    await takeTurns(news, await Promise.all(Array.from({ length: tokens }, issue)), ofNew);
    await takeTurns(seen, often, ofSeen);
  }
  keys.close();
  return [...rowsOf(ofNew), ...rowsOf(ofSeen)];
}

async function takeTurns(
  contest: Contest,
  tokens: readonly string[],
  costs: Map<string, number[]>,
): Promise<void> {
  for (const { name, verify } of contest) {
    const arrivals = tokens.map(arrivalOf);
    const before = process.cpuUsage();
    for (const arrival of arrivals) {
      const answer = verify(arrival);
      // Like the server: an immediate answer is not awaited.
      if (answer instanceof Promise) await answer;
    }
    const { user, system } = process.cpuUsage(before);
    costs.set(name, [...(costs.get(name) ?? []), (user + system) / tokens.length]);
  }
}

function arrivalOf(token: string): Arrival {
  const copy = (text: string) => Buffer.from(text).toString('latin1');
  return { token: copy(token), authorization: copy(`Service-Token ${token}`) };
}

function rowsOf(costs: ReadonlyMap<string, readonly number[]>): TokenRow[] {
  const [reference = []] = costs.values();
  return [...costs].map(([name, own]) => ({
    name,
    cpuUs: median(own),
    ratio: median(own.map((cost, round) => cost / (reference[round] ?? Number.NaN))),
  }));
}
