import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { defaultDeadlineMs, defaultRetryPolicy } from '../resilience/index.ts';
import { logFormats, logLevels } from '../telemetry/index.ts';
import { parseNetwork } from './network.ts';
import { wholeNumber } from './whole-number.ts';

/** Comma-separated networks; a problem names the entry by its position. */
const networks = z.string().transform((text, context): string[] => {
  const items = text.split(',').map((item) => item.trim());
  for (const [index, item] of items.entries()) {
    if (parseNetwork(item)) continue;
    const message = `entry ${index + 1} of ${items.length} is neither an IP address nor a network such as 10.0.0.0/8`;
    context.addIssue({ code: 'custom', message });
  }
  return items;
});

/** The origin of each endpoint of a service, for example `http://localhost:8000`. */
export type Endpoints = readonly [string, ...string[]];

const origin = z
  .url({ protocol: /^https?$/, error: 'must be http://host:port' })
  .refine(isOrigin, 'must be http://host:port, without a path, a query or a user')
  .transform((url) => new URL(url).origin);

/** Comma-separated origins, without duplicates. @param what Name of an entry in problems. */
const origins = (what: string) =>
  z.string().transform((text, context): Endpoints => {
    const items = text.split(',').map((item) => item.trim());
    const [first, ...others] = new Set(
      items.map((item, index) => {
        const parsed = origin.safeParse(item);
        if (parsed.success) return parsed.data;
        const problem = item === '' ? 'is empty' : (parsed.error.issues[0]?.message ?? '');
        // By its position: the value may contain a password.
        const which = items.length > 1 ? `${what} ${index + 1} of ${items.length} ` : '';
        context.addIssue({ code: 'custom', message: `${which}${problem}` });
        return '';
      }),
    );
    return first === undefined ? z.NEVER : [first, ...others];
  });

function isOrigin(text: string): boolean {
  // zod also runs this check if the previous one has failed.
  const url = URL.parse(text);
  return url !== null && url.href === `${url.origin}/`;
}

/** Where rate limits count calls. */
const rateLimitStore = z.union(
  [
    z.enum(['memory', 'postgres']),
    z.url({ protocol: /^(valkey|redis)s?$/ }).transform((url) => new URL(url)),
  ],
  'must be memory, postgres or valkey://host:port',
);

/**
 * Settings of every service.
 *
 * @example
 * const config = readServiceConfig({ ...serverFields }, import.meta.dirname);
 * const service = await serve(shopContract, handlers, { version: '1.0.0', log, ...serverSettings(config, ['http://localhost:3000']) });
 */
export const serverFields = {
  /** Address to listen on; 0.0.0.0 in a container. */
  HOST: z.string().default('127.0.0.1'),
  /** Port to listen on. @default the port of the service's own URL */
  PORT: z.coerce.number('must be a number').int().min(0).max(65_535).optional(),
  LOG_LEVEL: z.enum(logLevels).default('info'),
  /** `json`: one object per line; `pretty`: for people. @default `pretty` if standard output is a terminal, else `json` */
  LOG_FORMAT: z.enum(logFormats).optional(),
  /** How long an idle HTTP connection stays open, in milliseconds; must be longer than in a proxy in front of the service. */
  KEEP_ALIVE_TIMEOUT_MS: wholeNumber(1000, 86_400_000, 65_000),
  /** How long calls are still accepted after SIGTERM, while `/readyz` answers 503, in milliseconds. */
  DRAIN_DELAY_MS: wholeNumber(0, 600_000, 0),
  /** Deadline of a user's request including its calls to other services, in milliseconds; a contract's timeout overrides it. */
  USER_DEADLINE_MS: wholeNumber(1, 600_000, defaultDeadlineMs.person),
  /** `audit` accepts callers of the right kind that an access rule rejects, and records them: only to try out new rules. */
  ACCESS_MODE: z.enum(['enforce', 'audit']).default('enforce'),
  /** Directory of local copies for the next start; must be writable by the service only. */
  STATE_DIR: z.string().min(1).optional(),
  /** Proxies whose `x-forwarded-for` is trusted. */
  TRUSTED_PROXIES: networks.default([]),
  /** Networks that may read `/metrics`. @default any */
  METRICS_FROM: networks.optional(),
  /** Port of `/metrics`, which is then not at the service's own. @default the service's own */
  METRICS_PORT: z.coerce.number('must be a number').int().min(1).max(65_535).optional(),
  /** Who may read `/metrics`: anyone, or services and administrators by their token. */
  METRICS_ACCESS: z.enum(['open', 'token']).default('open'),
  /** Who may read `/api/contract` and `/openapi.json`: anyone; services and administrators by their token; administrators. */
  CONTRACT_ACCESS: z.enum(['open', 'token', 'admin']).default('token'),
  /** What `/api/tap` shows to services and administrators: nothing; calls as they end; these with redacted payloads. */
  TAP: z.enum(['off', 'calls', 'payloads']).default('calls'),
  /** Other origins whose pages may open WebSockets. @default only the service's own origin */
  WEBSOCKET_ORIGINS: origins('origin').optional(),
  /** Other origins whose pages may call over HTTP (CORS). @default none */
  CORS_ORIGINS: origins('origin').optional(),
  /**
   * Most open subscriptions, and most open WebSockets, of one user, or of one address without credentials; a service may
   * have ten times as many. 0: no limit.
   */
  STREAMS_PER_CALLER: wholeNumber(0, 1_000_000, 100),
  /** Most calls per minute of one address without credentials. 0: no limit, and no rate limits of contracts. */
  RATE_LIMIT_CALLS: wholeNumber(0, 1_000_000_000, 600),
  /** Where calls are counted: `memory`, per process; `postgres` or a Valkey URL, for all replicas together. */
  RATE_LIMIT_STORE: rateLimitStore.default('memory'),
  /** The file that it was read from; the changes of a URL are followed. */
  RATE_LIMIT_STORE_FILE: z.string().optional(),
  /** PEM file of the service's certificate, followed by intermediate ones; with it, the port serves HTTPS. @default HTTP */
  TLS_CERT_FILE: z.string().min(1).optional(),
  /** PEM file of its private key. */
  TLS_KEY_FILE: z.string().min(1).optional(),
  /** PEM file of the authorities that other services' certificates must be signed by. @default those of Node */
  TLS_CA_FILE: z.string().min(1).optional(),
  /** Whether callers present a certificate: not at all; if they have one; always. */
  TLS_CLIENT_AUTH: z.enum(['none', 'request', 'require']).default('none'),
};

/**
 * Makes the options of `serve`.
 *
 * @param own The service's own endpoints; without PORT, it listens on the port of the first.
 * @param pool Connections to its database, for `RATE_LIMIT_STORE=postgres`. @default none
 *
 * @example
 * const config = readServiceConfig({ ...serverFields }, import.meta.dirname);
 * const service = await serve(shopContract, handlers, { version: '1.0.0', log, ...serverSettings(config, ['http://localhost:3000']) });
 */
export function serverSettings<Pool = never>(
  config: z.output<z.ZodObject<typeof serverFields>>,
  own: Endpoints,
  pool?: Pool,
) {
  return {
    host: config.HOST,
    port: config.PORT ?? portOf(own[0]),
    keepAliveTimeoutMs: config.KEEP_ALIVE_TIMEOUT_MS,
    drainDelayMs: config.DRAIN_DELAY_MS,
    userDeadlineMs: config.USER_DEADLINE_MS,
    accessMode: config.ACCESS_MODE,
    trustedProxies: config.TRUSTED_PROXIES,
    metricsFrom: config.METRICS_FROM,
    metricsPort: config.METRICS_PORT,
    metricsAccess: config.METRICS_ACCESS,
    contractAccess: config.CONTRACT_ACCESS,
    tap: config.TAP,
    webSocketOrigins: config.WEBSOCKET_ORIGINS,
    corsOrigins: config.CORS_ORIGINS,
    streamsPerCaller: config.STREAMS_PER_CALLER,
    rateLimit: {
      callsPerMinute: config.RATE_LIMIT_CALLS,
      store: config.RATE_LIMIT_STORE,
      storeFile: config.RATE_LIMIT_STORE_FILE,
      ...(pool !== undefined && { pool }),
    },
  };
}

/**
 * Makes the options of `openTls`.
 *
 * @example
 * const config = readServiceConfig({ ...serverFields }, import.meta.dirname);
 * const tls = openTls({ ...tlsSettings(config), log });
 */
export function tlsSettings(config: z.output<z.ZodObject<typeof serverFields>>) {
  return {
    certFile: config.TLS_CERT_FILE,
    keyFile: config.TLS_KEY_FILE,
    caFile: config.TLS_CA_FILE,
    clientAuth: config.TLS_CLIENT_AUTH,
  };
}

/**
 * Directory of a service's local copies: STATE_DIR, or `.data/<name>` of the repository.
 *
 * @param source The folder `services/<name>/src`.
 *
 * @example
 * const config = readServiceConfig({ ...serverFields }, import.meta.dirname);
 * const stateDir = stateDirOf(config, import.meta.dirname);
 */
export function stateDirOf(config: z.output<z.ZodObject<typeof serverFields>>, source: string): string {
  const name = basename(dirname(source));
  return config.STATE_DIR ?? join(source, '../../../.data', name);
}

/**
 * Makes the options of `createLogger`.
 *
 * @example
 * const config = readServiceConfig({ ...serverFields }, import.meta.dirname);
 * const log = createLogger({ service: 'shop', ...logSettings(config) });
 */
export function logSettings(config: z.output<z.ZodObject<typeof serverFields>>) {
  return { level: config.LOG_LEVEL, format: config.LOG_FORMAT };
}

/**
 * The port of a URL, by default that of its protocol.
 *
 * @example
 * portOf('https://shop.example'); // 443
 */
export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

/**
 * Settings of calls to other services.
 *
 * @example
 * const config = readServiceConfig({ ...callFields }, import.meta.dirname);
 * const shop = connect(shopContract, { url: 'http://shop:3000', as: 'anyone', ...callSettings(config) });
 */
export const callFields = {
  /** Retries after the first failure. */
  RETRY_ATTEMPTS: wholeNumber(0, 10, defaultRetryPolicy.attempts),
  /** Wait before the first retry, in milliseconds; doubles with each retry. */
  RETRY_BASE_MS: wholeNumber(1, 60_000, defaultRetryPolicy.baseMs),
  /** Random variation of a wait, as a share of it. */
  RETRY_JITTER: z.coerce.number('must be a number').min(0).max(1).default(defaultRetryPolicy.jitter),
  /** Longest wait for one attempt, in milliseconds. */
  REQUEST_TIMEOUT_MS: wholeNumber(1, 600_000, 5000),
  /** Longest wait for a call including retries, in milliseconds. */
  REQUEST_DEADLINE_MS: wholeNumber(1, 3_600_000, defaultDeadlineMs.service),
};

/**
 * Makes the options of `connect`.
 *
 * @example
 * const config = readServiceConfig({ ...callFields }, import.meta.dirname);
 * const shop = connect(shopContract, { url: 'http://shop:3000', as: 'anyone', ...callSettings(config) });
 */
export function callSettings(config: z.output<z.ZodObject<typeof callFields>>) {
  return {
    retryPolicy: {
      attempts: config.RETRY_ATTEMPTS,
      baseMs: config.RETRY_BASE_MS,
      jitter: config.RETRY_JITTER,
    },
    timeoutMs: config.REQUEST_TIMEOUT_MS,
    deadlineMs: config.REQUEST_DEADLINE_MS,
  };
}

/**
 * Settings of undelivered notifications.
 *
 * @example
 * const config = readServiceConfig({ ...outboxFields }, import.meta.dirname);
 * const { OUTBOX_MAX_FAILURES } = config;
 */
export const outboxFields = {
  /** Failed deliveries after which a notification is given up. */
  OUTBOX_MAX_FAILURES: wholeNumber(1, 1_000_000, 20),
  /** Time after which a notification is given up, in hours. */
  OUTBOX_MAX_WAIT_HOURS: wholeNumber(1, 87_600, 168),
  /** How long a notification is kept that was given up, in days. */
  OUTBOX_KEEP_DAYS: wholeNumber(1, 3650, 90),
};

/**
 * Makes the options of a relay and its retention.
 *
 * @example
 * const config = readServiceConfig({ ...outboxFields }, import.meta.dirname);
 * const settings = outboxSettings(config);
 */
export function outboxSettings(config: z.output<z.ZodObject<typeof outboxFields>>) {
  return {
    maxFailures: config.OUTBOX_MAX_FAILURES,
    maxWaitMs: config.OUTBOX_MAX_WAIT_HOURS * 3_600_000,
    keepDays: config.OUTBOX_KEEP_DAYS,
  };
}

/**
 * Comma-separated endpoints.
 *
 * @example
 * const { AUTH_SERVICE_URL } = readConfig({ AUTH_SERVICE_URL: endpoints }, { AUTH_SERVICE_URL: 'http://a:1,http://b:1' });
 */
export const endpoints = origins('endpoint');

/**
 * Endpoints of a service, with a default.
 *
 * @example
 * const config = readServiceConfig({ SHOP_SERVICE_URL: serviceUrl('http://localhost:3000') }, import.meta.dirname);
 */
export const serviceUrl = (fallback: string) => endpoints.default([fallback]);

/**
 * The file that a secret was read from, if any: its changes are followed.
 *
 * @example
 * const config = readServiceConfig({ API_KEY: secret, API_KEY_FILE: secretFile }, import.meta.dirname);
 */
export const secretFile = z.string().optional();

/**
 * A required value; problems never contain it.
 *
 * @example
 * const { API_KEY } = readServiceConfig({ API_KEY: secret }, import.meta.dirname);
 */
export const secret = z.string().min(1);

/**
 * The service's own token.
 *
 * @example
 * const config = readServiceConfig({ ...tokenFields }, import.meta.dirname);
 * const { SERVICE_TOKEN } = config;
 */
export const tokenFields = {
  SERVICE_TOKEN: secret,
  /** The file it was read from, if any; its successors are written there. */
  SERVICE_TOKEN_FILE: z.string().optional(),
};

/**
 * Makes the options of `openServiceToken`.
 *
 * @example
 * const config = readServiceConfig({ ...tokenFields }, import.meta.dirname);
 * const serviceToken = openServiceToken({ ...tokenSettings(config), log });
 */
export function tokenSettings(config: z.output<z.ZodObject<typeof tokenFields>>) {
  return { token: config.SERVICE_TOKEN, file: config.SERVICE_TOKEN_FILE };
}

/**
 * A setting whose value is JSON that fits a schema.
 *
 * @example
 * const config = readServiceConfig({ PUBLIC_KEYS: json(jwks) }, import.meta.dirname);
 */
export function json<Schema extends z.ZodType>(schema: Schema) {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);
}
