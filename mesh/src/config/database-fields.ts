import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { postgresUrls } from './postgres-url.ts';
import { wholeNumber } from './whole-number.ts';

/** Values of `sslmode` that encrypt. Only the last one notices a server that pretends to be the right one. */
const encrypted = ['prefer', 'require', 'verify-ca', 'verify-full'];

/**
 * The URL of a PostgreSQL. With `sslmode=verify-full`, connections are encrypted, and the server must have a certificate
 * for the host of the URL, signed by a CA in the file `sslrootcert` (without it: by one that Node trusts). `prefer`,
 * `require` and `verify-ca` are read as `verify-full`. Without `sslmode`, connections are not encrypted.
 */
const postgresUrl = z.string().transform((text, context) => {
  try {
    postgresUrls(text);
  } catch (error) {
    context.addIssue({ code: 'custom', message: (error as Error).message });
    return z.NEVER;
  }
  const [servers = '', query = ''] = text.split('?', 2);
  const options = new URLSearchParams(query);
  const mode = options.get('sslmode');
  const authority = options.get('sslrootcert');
  // Most URLs have neither, and stay as they are.
  if ((mode ?? authority) === null || mode === 'disable') return text;
  const problem = modeProblem(mode) ?? authorityProblem(authority);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
  options.set('sslmode', 'verify-full');
  if (authority === 'system') options.delete('sslrootcert');
  return `${servers}?${options.toString()}`;
});

function modeProblem(mode: string | null): string | undefined {
  if (mode === null || encrypted.includes(mode)) return undefined;
  return 'sslmode must be verify-full, or disable for a connection without encryption';
}

function authorityProblem(path: string | null): string | undefined {
  if (path === null || path === 'system') return undefined;
  try {
    void new X509Certificate(readFileSync(path));
    return undefined;
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    return /^E[A-Z]+$/.test(code)
      ? `sslrootcert: cannot read ${path} (${code})`
      : `sslrootcert: ${path} is not a certificate in PEM format`;
  }
}

/** The file that a setting was read from; its changes are followed. */
const file = z.string().optional();

/**
 * Settings of the service's own database.
 *
 * @example
 * const config = readServiceConfig({ ...databaseFields }, import.meta.dirname);
 * const settings = databaseSettings(config);
 */
export const databaseFields = {
  /** For queries: a role that reads and writes rows. */
  DATABASE_URL: postgresUrl,
  DATABASE_URL_FILE: file,
  /** The same role and database without a connection pooler. @default DATABASE_URL */
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  DATABASE_DIRECT_URL_FILE: file,
  /** For migrations: the owner of the schema. @default DATABASE_DIRECT_URL */
  DATABASE_OWNER_URL: postgresUrl.optional(),
  DATABASE_OWNER_URL_FILE: file,
  /** Most connections. */
  DATABASE_POOL_MAX: wholeNumber(1, 1000, 10),
  DATABASE_CONNECT_TIMEOUT_MS: wholeNumber(1, 600_000, 5000),
  DATABASE_IDLE_TIMEOUT_MS: wholeNumber(0, 86_400_000, 1_800_000),
};

type DatabaseConfig = z.output<z.ZodObject<typeof databaseFields>>;

/** The options of `openDatabase` that are settings. */
export interface DatabaseSettings {
  url: string;
  urlFile?: string | undefined;
  directUrl?: string | undefined;
  directUrlFile?: string | undefined;
  pooled: boolean;
  poolMax: number;
  connectTimeoutMs: number;
  idleTimeoutMs: number;
}

/**
 * Makes the options of `openDatabase`.
 *
 * @example
 * const config = readServiceConfig({ ...databaseFields }, import.meta.dirname);
 * const settings = databaseSettings(config);
 */
export function databaseSettings(config: DatabaseConfig): DatabaseSettings {
  return {
    url: config.DATABASE_URL,
    urlFile: config.DATABASE_URL_FILE,
    directUrl: config.DATABASE_DIRECT_URL,
    directUrlFile: config.DATABASE_DIRECT_URL_FILE,
    pooled: config.DATABASE_DIRECT_URL !== undefined,
    poolMax: config.DATABASE_POOL_MAX,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    idleTimeoutMs: config.DATABASE_IDLE_TIMEOUT_MS,
  };
}

/**
 * The same, as `migrateWhenReachable` takes it: URLs in files are read again at each attempt.
 *
 * @example
 * const config = readServiceConfig({ ...databaseFields }, import.meta.dirname);
 * const settings = migrationSettings(config);
 */
export function migrationSettings(config: DatabaseConfig) {
  const url = readAgain(config.DATABASE_URL, config.DATABASE_URL_FILE);
  const { DATABASE_DIRECT_URL: direct, DATABASE_OWNER_URL: owner } = config;
  const past = direct === undefined ? undefined : readAgain(direct, config.DATABASE_DIRECT_URL_FILE);
  return {
    url: owner === undefined ? (past ?? url) : readAgain(owner, config.DATABASE_OWNER_URL_FILE),
    trafficUrl: url,
    directUrl: past,
  };
}

/**
 * The URL for what needs its own session, such as LISTEN.
 *
 * @example
 * const config = readServiceConfig({ ...databaseFields }, import.meta.dirname);
 * const listenAt = directUrl(config);
 */
export function directUrl(config: DatabaseConfig): string {
  return config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
}

/** A function that returns the URL in a file; the given one while there is none in it. */
function readAgain(url: string, path: string | undefined): string | (() => string) {
  if (path === undefined) return url;
  return () => {
    try {
      return postgresUrl.parse(readFileSync(path, 'utf8').trim());
    } catch {
      return url;
    }
  };
}
