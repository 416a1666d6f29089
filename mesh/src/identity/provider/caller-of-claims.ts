import { z } from 'zod';
import { scopesOf } from '../claims.ts';

/** The claims of a verified token of an identity provider, as its issuer has written them. */
export type ProviderClaims = Readonly<Record<string, unknown>>;

/** Longest id and name, in characters: they are kept, logged and compared. */
const longestName = 256;

/** Most scopes of one token. */
const mostScopes = 500;

const text = z.string().min(1).max(longestName);
const kept = {
  scopes: z.array(text).max(mostScopes).readonly().optional(),
  tenant: text.optional(),
};

/** Checks what a rule makes of claims. */
export const claimedCaller = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('service'),
    /** Its name in access rules. */
    name: text,
    /** @default its name */
    id: text.optional(),
    ...kept,
  }),
  z.object({
    kind: z.literal('user'),
    id: text,
    /** @default the id */
    name: text.optional(),
    /** @default 'user' */
    role: z.enum(['user', 'admin']).optional(),
    /** Its session, to be revoked by. */
    sessionId: text.optional(),
    ...kept,
  }),
]);

/**
 * Whom the claims of a token describe: a service, by the name that access rules know it by, or a user; with the scopes
 * and the tenant that their identity keeps. A `name`, `role` or `id` that is left out gets its default: the id, `user`,
 * the name.
 */
export type ClaimedCaller = z.input<typeof claimedCaller>;

/**
 * Whom the claims of a token describe, by the standards. It is the default of `callerOf`, and what a rule of one's own
 * may start from.
 *
 * A token is a service's if no user is behind it: its `sub` is missing or is the client itself (RFC 9068 §2.2), or its
 * issuer says so (`gty: 'client-credentials'` of Auth0, `idtyp: 'app'` of Entra ID). The service is named by
 * `client_id`, `azp` or `cid`. Any other token is of the user `sub`. Scopes are in `scope`, separated by spaces, or in `scp`;
 * the tenant is `tid`, `org_id` or `tenant_id`.
 *
 * @returns `undefined` if the claims name neither.
 *
 * @example
 * const identity: IdentityProvider = {
 *   issuer: 'https://login.example.com',
 *   audience: 'https://mesh.example.com',
 *   callerOf(claims) {
 *     const caller = callerOfClaims(claims);
 *     const groups = Array.isArray(claims['groups']) ? claims['groups'] : [];
 *     return caller?.kind === 'user' && groups.includes('wiki-admins') ? { ...caller, role: 'admin' } : caller;
 *   },
 * };
 */
export function callerOfClaims(claims: ProviderClaims): ClaimedCaller | undefined {
  const client = textOf(claims['client_id'] ?? claims['azp'] ?? claims['cid']);
  const subject = textOf(claims['sub']);
  const limits = {
    scopes: scopesIn(claims),
    tenant: textOf(claims['tid'] ?? claims['org_id'] ?? claims['tenant_id']),
  };
  if (client !== undefined && (subject === undefined || subject === client || isOfNoUser(claims)))
    return { kind: 'service', name: client, ...limits };
  if (subject === undefined) return undefined;
  const name = textOf(claims['name']) ?? textOf(claims['preferred_username']);
  return { kind: 'user', id: subject, name, sessionId: textOf(claims['sid']), ...limits };
}

function isOfNoUser({ gty, idtyp }: ProviderClaims): boolean {
  return gty === 'client-credentials' || idtyp === 'app';
}

function scopesIn({ scope, scp }: ProviderClaims): readonly string[] | undefined {
  const given = scope ?? scp;
  return Array.isArray(given) ? given.filter((one) => typeof one === 'string') : scopesOf({ scope: given });
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
