import { json, tokenFields } from '@arcadium/mesh/config';
import {
  createKeySet,
  jwks,
  publicPart,
  readTokenFacts,
  tokenStage,
  leewayMs,
} from '@arcadium/mesh/identity';
import { decodeProtectedHeader } from 'jose';
import { signingKeys, unpublished } from '../setup/make-environment.ts';
import { tokenState, type TokenState } from '../setup/token-state.ts';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';
import { get, runningOf } from './running.ts';

const services = (context: Context) => context.services;
const reissue =
  'Remove SERVICE_TOKEN from the file and run `npm run setup`, or `npm run mesh -- token issue <service> --write`.';

/** The service that issues tokens. */
const issuer = 'auth';

/** The public keys that a service starts with. @throws Needs */
function trustedBy(context: Context, service: string) {
  return context.read(service, { PUBLIC_KEYS: json(jwks) }).PUBLIC_KEYS.keys;
}

/** A service's own token. @throws Needs */
function tokenOf(context: Context, service: string): string {
  return context.read(service, tokenFields).SERVICE_TOKEN;
}

/** What a service's token says. @throws Needs */
export function ownFacts(context: Context, service: string) {
  const facts = readTokenFacts(tokenOf(context, service));
  if (!facts) throw new Needs('keys.foreign-token');
  return facts;
}

/** The state of a service's token by its own settings, as set-up sees it. @throws Needs */
function stateOf(context: Context, service: string): Promise<TokenState> {
  return context.once(`token ${service}`, async () => {
    const token = tokenOf(context, service);
    const keys = await createKeySet({ initial: trustedBy(context, service), log: context.log });
    const { issuedAt = 0 } = readTokenFacts(token) ?? {};
    if (issuedAt > context.now() + leewayMs) throw new Needs('clocks.token-from-future');
    return tokenState(token, keys);
  });
}

/** A token that is valid by the settings. @throws Needs */
async function goodToken(context: Context, service: string): Promise<string> {
  const state = await stateOf(context, service);
  if (state.kind === 'expired') throw new Needs('keys.expired-token');
  if (state.kind === 'foreign') throw new Needs('keys.foreign-token');
  if (state.service !== service) throw new Needs('keys.token-of-another');
  return tokenOf(context, service);
}

/** The keys that auth publishes now. @throws Needs */
async function publishedKeys(context: Context) {
  return context.once('published keys', async () => {
    const [{ url }] = await runningOf(context, issuer);
    const { body } = await get(context, new URL('/.well-known/jwks.json', url));
    return jwks.parse(body).keys;
  });
}

/** A token that the running mesh accepts, to ask a service with. @throws Needs */
export async function acceptedToken(context: Context, service: string): Promise<string> {
  const token = await goodToken(context, service);
  const [withdrawn, revoked] = await Promise.all([
    isWithdrawn(context, token),
    isRevoked(context, service, token),
  ]);
  if (withdrawn) throw new Needs('keys.withdrawn-key');
  if (revoked) throw new Needs('keys.revoked-token');
  return token;
}

async function isWithdrawn(context: Context, token: string): Promise<boolean> {
  const { kid } = decodeProtectedHeader(token);
  return !(await publishedKeys(context)).some((key) => key.kid === kid);
}

/** Whether auth refuses a token that is valid by its signature and its time. */
function isRevoked(context: Context, service: string, token: string): Promise<boolean> {
  return context.once(`revoked ${service}`, async () => {
    const [{ url }] = await runningOf(context, issuer);
    const { status } = await get(context, new URL('/api/mesh', url), {
      authorization: `Service-Token ${token}`,
    });
    return status === 401;
  });
}

export const keys: readonly Check[] = [
  {
    id: 'keys.unpublished-key',
    severity: 'error',
    title: 'Services trust the keys that auth signs with',
    remedy: 'Run `npm run setup`, which adds the public part to PUBLIC_KEYS, and restart the services.',
    subjects: services,
    look: (context, service) => {
      const { SIGNING_KEYS } = context.read(issuer, { SIGNING_KEYS: json(signingKeys) });
      const missing = unpublished(SIGNING_KEYS.keys.map(publicPart), trustedBy(context, service));
      return missing.map(({ kid }) => `the signing key ${kid} of auth is not among its PUBLIC_KEYS`);
    },
  },
  {
    id: 'keys.expired-token',
    severity: 'error',
    title: 'Service tokens are valid',
    remedy: `Run \`npm run setup\`, which replaces expired tokens, and restart the service.`,
    subjects: services,
    look: async (context, service) => {
      const state = await stateOf(context, service);
      if (state.kind !== 'expired') return undefined;
      const { expiresAt } = ownFacts(context, service);
      return `SERVICE_TOKEN expired on ${new Date(expiresAt).toISOString().slice(0, 10)}`;
    },
  },
  {
    id: 'keys.ending-token',
    severity: 'warning',
    title: 'Service tokens are renewed in time',
    remedy:
      'Write a new one: `npm run mesh -- token issue <service> --write`. With SERVICE_TOKEN_FILE a service keeps its renewed token.',
    subjects: services,
    look: async (context, service) => {
      await goodToken(context, service);
      const facts = ownFacts(context, service);
      const stage = tokenStage(facts, context.now());
      return stage === 'good' || stage === 'expired'
        ? undefined
        : `SERVICE_TOKEN expires on ${new Date(facts.expiresAt).toISOString().slice(0, 10)}; a restart after that fails`;
    },
  },
  {
    id: 'keys.foreign-token',
    severity: 'error',
    title: 'Service tokens are signed by a trusted key',
    remedy: reissue,
    subjects: services,
    look: async (context, service) => {
      const state = await stateOf(context, service);
      return state.kind === 'foreign' ? state.reason : undefined;
    },
  },
  {
    id: 'keys.token-of-another',
    severity: 'error',
    title: 'Each service has a token of its own',
    remedy: `${reissue} If the file is a copy of another service's, remove it instead.`,
    subjects: services,
    look: async (context, service) => {
      const state = await stateOf(context, service);
      return state.kind === 'good' && state.service !== service
        ? `its SERVICE_TOKEN is that of ${state.service}`
        : undefined;
    },
  },
  {
    id: 'keys.withdrawn-key',
    severity: 'error',
    title: 'Auth still publishes the keys of all tokens',
    remedy:
      'If the key was withdrawn, remove it from PUBLIC_KEYS and issue a new token: `npm run mesh -- token issue <service> --write`. If not, restart auth.',
    subjects: services,
    look: async (context, service) => {
      const token = await goodToken(context, service);
      return (await isWithdrawn(context, token))
        ? `its token is signed by ${decodeProtectedHeader(token).kid}, which auth does not publish: every service refuses it`
        : undefined;
    },
  },
  {
    id: 'keys.revoked-token',
    severity: 'error',
    title: 'Auth accepts all tokens',
    remedy: 'Issue a new one: `npm run mesh -- token issue <service> --write`, and restart the service.',
    subjects: services,
    look: async (context, service) => {
      const token = await goodToken(context, service);
      if (await isWithdrawn(context, token)) throw new Needs('keys.withdrawn-key');
      return (await isRevoked(context, service, token)) ? 'its token was revoked' : undefined;
    },
  },
];
