import { randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createKeySet, jwks, publicPart, type KeySet, type PublicJwk } from '@arcadium/mesh/identity';
import {
  generateSigningKey,
  importSigningKey,
  issueServiceToken,
  privateJwk,
  type PrivateJwk,
} from '@arcadium/mesh/issuer';
import { envFileName, type Environment } from '@arcadium/mesh/config';
import type { Logger } from '@arcadium/mesh/telemetry';
import { z } from 'zod';
import { serviceNames, urlSetting } from '../workspace.ts';
import { openEnvFile, type EnvFile } from './env-file.ts';
import { withLock } from './lock.ts';
import { isSameHost, movePort, postgresPort } from './postgres-port.ts';
import { defaultUrl, hasDatabase } from './service-settings.ts';
import { tokenState } from './token-state.ts';

/** The value of SIGNING_KEYS. */
export const signingKeys = z.object({ keys: z.tuple([privateJwk], privateJwk) });

/**
 * Creates the missing settings of a repository: keys, passwords, service tokens, addresses. Existing settings
 * are never changed, except expired service tokens, which no service would accept. It can run any number of
 * times, also at once; an interrupted run is completed by the next one.
 *
 * @param environment Its ENVIRONMENT selects the files: `.env`, or `.env.<ENVIRONMENT>`.
 * @default process.env
 * @returns What was written, one line each, such as `services/auth/.env: SIGNING_KEYS`.
 * @throws Error with the file, if existing settings contradict each other.
 */
export function makeEnvironment(
  root: string,
  log: Logger,
  environment: Environment = process.env,
): Promise<string[]> {
  return withLock(join(root, '.data', 'setup.lock'), () => makeMissing(root, log, environment));
}

async function makeMissing(root: string, log: Logger, environment: Environment): Promise<string[]> {
  const fileIn = (...folder: string[]) => openEnvFile(join(root, ...folder, envFileName(environment)));
  const shared = fileIn();
  const written: string[] = [];
  const save = (file: EnvFile): void => {
    const name = file.path.slice(root.length + 1);
    written.push(...file.save().map((setting) => `${name}: ${setting}`));
  };

  // The signing key comes first, and each file is saved as soon as it is complete, so that an interruption
  // never leaves a token whose key is lost.
  const keys = await makeSigningKeys(fileIn('services', 'auth'), save);
  const trusted = publish(shared, keys.map(publicPart));
  for (const service of serviceNames(root)) {
    const setting = urlSetting(service);
    const url = shared.get(setting) ?? (await defaultUrl(root, service));
    if (url !== undefined) shared.add({ name: setting, value: url, comment: `Address of ${service}` });
  }
  const database = fileIn('prisma');
  const port = postgresPort(shared, database, environment);
  save(shared);

  database.add({
    name: 'DATABASE_ADMIN_URL',
    value: `postgres://postgres:${password()}@127.0.0.1:${port}/postgres`,
    comment: 'The superuser of the embedded PostgreSQL; its port is POSTGRES_PORT of .env',
  });
  save(database);

  const { host } = new URL(database.get('DATABASE_ADMIN_URL') ?? '');
  for (const service of serviceNames(root)) {
    const file = fileIn('services', service);
    if (await hasDatabase(root, service)) giveRoles(file, service, host);
    movePort(file, host, port);
    await giveToken(file, service, {
      signer: keys[0],
      trusted: await createKeySet({ initial: trusted, log }),
    });
    save(file);
  }
  // Last, because its address identifies the URLs in the other files.
  movePort(database, host, port);
  save(database);
  return written;
}

/**
 * Ensures that the signing keys are among the trusted keys. Other trusted keys stay: the tokens they signed
 * are still valid, even if their private part is lost.
 */
function publish(shared: EnvFile, keys: readonly PublicJwk[]): PublicJwk[] {
  const present = shared.get('PUBLIC_KEYS');
  const older = present === undefined ? [] : parseKeys(jwks, present, `${shared.path}: PUBLIC_KEYS`).keys;
  const missing = unpublished(keys, older);
  const all = [...missing, ...older];
  const value = JSON.stringify({ keys: all });
  if (present === undefined) {
    shared.add({
      name: 'PUBLIC_KEYS',
      value,
      comment: 'The public keys that tokens are verified with (JWK set)',
    });
  } else if (missing.length > 0) {
    shared.replace('PUBLIC_KEYS', value);
  }
  return all;
}

/** The signing keys that are not among the trusted ones: tokens that they sign are refused. */
export function unpublished(keys: readonly PublicJwk[], trusted: readonly PublicJwk[]): PublicJwk[] {
  return keys.filter(({ kid }) => !trusted.some((key) => key.kid === kid));
}

function parseKeys<Schema extends z.ZodType>(schema: Schema, text: string, where: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Error(`${where} is not a JWK set of Ed25519 keys`, { cause });
  }
}

async function makeSigningKeys(file: EnvFile, save: (file: EnvFile) => void) {
  file.add({
    name: 'SIGNING_KEYS',
    value: JSON.stringify({ keys: [await generateSigningKey()] }),
    comment: 'The private keys that tokens are signed with (JWK set); the first one signs',
  });
  file.add({
    name: 'ENCRYPTION_KEY',
    value: randomBytes(32).toString('base64url'),
    comment: 'The key that auth encrypts stored secrets with; without it they are lost',
  });
  file.add({
    name: 'ADMIN_EMAIL',
    value: 'admin@arcadium.localhost',
    comment: 'The first administrator, created when there is none',
  });
  file.add({ name: 'ADMIN_PASSWORD', value: password(), comment: 'The password of the first administrator' });
  save(file);
  return parseKeys(signingKeys, file.get('SIGNING_KEYS') ?? '', `${file.path}: SIGNING_KEYS`).keys;
}

/** Adds one role for traffic and one for migrations, if the database is the embedded one. */
function giveRoles(file: EnvFile, service: string, host: string): void {
  file.add({
    name: 'DATABASE_URL',
    value: `postgres://${service}:${password()}@${host}/arcadium`,
    comment: `The role of ${service}, which reads and writes the rows of its own schema only`,
  });
  const url = URL.parse(file.get('DATABASE_URL') ?? '');
  if (!url || !isSameHost(url.host, host)) return;
  url.username = `${service}_owner`;
  url.password = password();
  file.add({
    name: 'DATABASE_OWNER_URL',
    value: url.href,
    comment: `The role that owns the schema of ${service}; only migrations use it`,
  });
}

async function giveToken(
  file: EnvFile,
  service: string,
  { signer, trusted }: { signer: PrivateJwk; trusted: KeySet },
): Promise<void> {
  const present = file.get('SERVICE_TOKEN');
  const state = present === undefined ? { kind: 'missing' as const } : await tokenState(present, trusted);
  if (state.kind === 'good' && state.service !== service) {
    const copied = `${file.path} is a copy of ${state.service}'s: its SERVICE_TOKEN, and maybe other settings, belong to that service`;
    throw new Error(`${copied}. Remove that file and run set-up again`);
  }
  if (state.kind === 'good') return;
  if (state.kind === 'foreign') {
    throw new Error(
      `${file.path}: SERVICE_TOKEN was not signed by any of PUBLIC_KEYS in .env (${state.reason}). Remove that line and run set-up again`,
    );
  }
  const id = state.kind === 'expired' ? state.serviceId : randomUUID();
  const { token, expiresAt } = await issueServiceToken(await importSigningKey(signer), { id, name: service });
  const comment = `The token of ${service}, valid until ${expiresAt.toISOString().slice(0, 10)}`;
  if (state.kind === 'expired') file.replace('SERVICE_TOKEN', token);
  else file.add({ name: 'SERVICE_TOKEN', value: token, comment });
}

/** 192 bits, in characters that need no escaping in a URL. */
function password(): string {
  return randomBytes(24).toString('base64url');
}
