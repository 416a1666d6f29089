import { basename, dirname, join } from 'node:path';
import { z } from 'zod';
import { logFormats, logLevels } from '../telemetry/index.ts';
import { parseNetwork } from './network.ts';

const wholeNumber = (least: number, most: number, fallback: number) =>
  z.coerce.number('must be a number').int().min(least).max(most).default(fallback);

/** Networks with commas between them; each problem is named by its place. */
const networks = z.string().transform((text, context): string[] => {
  const items = text.split(',').map((item) => item.trim());
  for (const [index, item] of items.entries()) {
    if (parseNetwork(item)) continue;
    const message = `entry ${index + 1} of ${items.length} is neither an IP address nor a network such as 10.0.0.0/8`;
    context.addIssue({ code: 'custom', message });
  }
  return items;
});

/** Where a service answers: the origin of each of its endpoints, as `http://localhost:8000`. */
export type Endpoints = readonly [string, ...string[]];

const origin = z
  .url({ protocol: /^https?$/, error: 'must be http://host:port' })
  .refine(isOrigin, 'must be http://host:port, without a path, a query or a user')
  .transform((url) => new URL(url).origin);

/** One origin or several, with commas between them; the same one twice counts once. @param what What each is called. */
const origins = (what: string) =>
  z.string().transform((text, context): Endpoints => {
    const items = text.split(',').map((item) => item.trim());
    const [first, ...others] = new Set(
      items.map((item, index) => {
        const parsed = origin.safeParse(item);
        if (parsed.success) return parsed.data;
        const problem = item === '' ? 'is empty' : (parsed.error.issues[0]?.message ?? '');
        // By its place: a value is never printed, there may be a password in it.
        const which = items.length > 1 ? `${what} ${index + 1} of ${items.length} ` : '';
        context.addIssue({ code: 'custom', message: `${which}${problem}` });
        return '';
      }),
    );
    return first === undefined ? z.NEVER : [first, ...others];
  });

function isOrigin(text: string): boolean {
  // zod goes on to this check where the one before it has failed.
  const url = URL.parse(text);
  return url !== null && url.href === `${url.origin}/`;
}

/** Where calls are counted. */
const rateLimitStore = z.union(
  [
    z.enum(['memory', 'postgres']),
    z.url({ protocol: /^(valkey|redis)s?$/ }).transform((url) => new URL(url)),
  ],
  'must be memory, postgres or valkey://host:port',
);

/** What every service has. */
export const serverFields = {
  /** Where to listen; 0.0.0.0 in a container. */
  HOST: z.string().default('127.0.0.1'),
  /** Where it is not the port of the service's own URL. */
  PORT: z.coerce.number('must be a number').int().min(0).max(65_535).optional(),
  LOG_LEVEL: z.enum(logLevels).default('info'),
  /** One JSON object a line, or lines for people; where it is not set, that depends on standard output. */
  LOG_FORMAT: z.enum(logFormats).optional(),
  /** How long a connection without a request is kept, in milliseconds: longer than the proxy before the service keeps it. */
  KEEP_ALIVE_TIMEOUT_MS: wholeNumber(1000, 86_400_000, 65_000),
  /** How long it still takes calls after SIGTERM, while `/readyz` already answers 503, in milliseconds. */
  DRAIN_DELAY_MS: wholeNumber(0, 600_000, 0),
  /** How long a user's request may take in all, the calls that it leads to included, in milliseconds; what a contract names goes before. */
  USER_DEADLINE_MS: wholeNumber(1, 600_000, 10_000),
  /** `audit` lets through whom an access rule refuses for who it is, and records it: to try rules out, never for good. */
  ACCESS_MODE: z.enum(['enforce', 'audit']).default('enforce'),
  /** The folder in which it keeps what it has learnt for its next start; nobody else may write there. */
  STATE_DIR: z.string().min(1).optional(),
  /** Whose `x-forwarded-for` is believed. */
  TRUSTED_PROXIES: networks.default([]),
  /** Who may read `/metrics`. @default anyone */
  METRICS_FROM: networks.optional(),
  /** Further origins whose pages may open WebSockets. @default those of the service's own origin alone */
  WEBSOCKET_ORIGINS: origins('origin').optional(),
  /** How many subscriptions, and how many WebSockets, one user may have open, or one address without credentials; a service ten times as many; 0 for any number. */
  STREAMS_PER_CALLER: wholeNumber(0, 1_000_000, 100),
  /** How many calls one address may make within a minute without credentials; 0 for any number, and no limits of contracts either. */
  RATE_LIMIT_CALLS: wholeNumber(0, 1_000_000_000, 600),
  /** Where they are counted: by each process, or together by all replicas. */
  RATE_LIMIT_STORE: rateLimitStore.default('memory'),
};

/**
 * The same, as `serve` takes it.
 *
 * @param own Where the others look for this service: it listens on the port of the first endpoint unless PORT says otherwise.
 * @param pool Of its database, where the calls of all replicas are counted if RATE_LIMIT_STORE says so.
 */
export function serverSettings<Pool>(
  config: z.output<z.ZodObject<typeof serverFields>>,
  own: Endpoints,
  pool: Pool,
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
    webSocketOrigins: config.WEBSOCKET_ORIGINS,
    streamsPerCaller: config.STREAMS_PER_CALLER,
    rateLimit: { callsPerMinute: config.RATE_LIMIT_CALLS, store: config.RATE_LIMIT_STORE, pool },
  };
}

/**
 * Where a service keeps what it has learnt for its next start.
 *
 * @param source The folder `services/<name>/src`: `.data/<name>` of the repository, unless STATE_DIR says otherwise.
 */
export function stateDirOf(config: z.output<z.ZodObject<typeof serverFields>>, source: string): string {
  const name = basename(dirname(source));
  return config.STATE_DIR ?? join(source, '../../../.data', name);
}

/** How a service logs, as `createLogger` takes it. */
export function logSettings(config: z.output<z.ZodObject<typeof serverFields>>) {
  return { level: config.LOG_LEVEL, format: config.LOG_FORMAT };
}

/** The port that a URL leads to. */
export function portOf(url: string): number {
  const { port, protocol } = new URL(url);
  return Number(port || (protocol === 'https:' ? 443 : 80));
}

const postgresUrl = z.url({
  protocol: /^postgres(ql)?$/,
  error: 'must be postgres://user:password@host:port/database',
});

/** The service's own database. */
export const databaseFields = {
  /** For traffic: a role that reads and writes rows. */
  DATABASE_URL: postgresUrl,
  /** The same role and database without a connection pooler between. Without it, DATABASE_URL leads to PostgreSQL itself. */
  DATABASE_DIRECT_URL: postgresUrl.optional(),
  /** For migrations: the role that the schema belongs to. Without it, the role of traffic does both. */
  DATABASE_OWNER_URL: postgresUrl.optional(),
  /** Connections. */
  DATABASE_POOL_MAX: wholeNumber(1, 1000, 10),
  DATABASE_CONNECT_TIMEOUT_MS: wholeNumber(1, 600_000, 5000),
  DATABASE_IDLE_TIMEOUT_MS: wholeNumber(0, 86_400_000, 1_800_000),
};

/** The same, as `openDatabase` takes it. */
export function databaseSettings(config: z.output<z.ZodObject<typeof databaseFields>>) {
  return {
    url: config.DATABASE_URL,
    pooled: config.DATABASE_DIRECT_URL !== undefined,
    poolMax: config.DATABASE_POOL_MAX,
    connectTimeoutMs: config.DATABASE_CONNECT_TIMEOUT_MS,
    idleTimeoutMs: config.DATABASE_IDLE_TIMEOUT_MS,
  };
}

/** The same, as `migrateWhenReachable` takes it. */
export function migrationSettings(config: z.output<z.ZodObject<typeof databaseFields>>) {
  return {
    url: config.DATABASE_OWNER_URL ?? directUrl(config),
    trafficUrl: config.DATABASE_URL,
    directUrl: config.DATABASE_DIRECT_URL,
  };
}

/** The URL of what needs a session of its own, as LISTEN does. */
export function directUrl(config: z.output<z.ZodObject<typeof databaseFields>>): string {
  return config.DATABASE_DIRECT_URL ?? config.DATABASE_URL;
}

/** How this service calls others. */
export const callFields = {
  /** Retries after the first failure. */
  RETRY_ATTEMPTS: wholeNumber(0, 10, 3),
  /** Before the first retry, in milliseconds; each further one waits twice as long. */
  RETRY_BASE_MS: wholeNumber(1, 60_000, 1000),
  /** Share of the wait that chance may add or take away. */
  RETRY_JITTER: z.coerce.number('must be a number').min(0).max(1).default(0.2),
  /** Longest wait for one attempt, in milliseconds. */
  REQUEST_TIMEOUT_MS: wholeNumber(1, 600_000, 5000),
  /** Longest wait for a call, retries and their waits included, in milliseconds. */
  REQUEST_DEADLINE_MS: wholeNumber(1, 3_600_000, 30_000),
};

/** The same, as `connect` takes it. */
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

/** How long a service goes on with a notification that it cannot deliver. */
export const outboxFields = {
  /** How often the notification service may fail at one before it is given up. */
  OUTBOX_MAX_FAILURES: wholeNumber(1, 1_000_000, 20),
  /** How long one is tried before it is given up, in hours. */
  OUTBOX_MAX_WAIT_HOURS: wholeNumber(1, 87_600, 168),
  /** How long one that was given up is kept, in days. */
  OUTBOX_KEEP_DAYS: wholeNumber(1, 3650, 90),
};

/** The same, as a relay and its retention take it. */
export function outboxSettings(config: z.output<z.ZodObject<typeof outboxFields>>) {
  return {
    maxFailures: config.OUTBOX_MAX_FAILURES,
    maxWaitMs: config.OUTBOX_MAX_WAIT_HOURS * 3_600_000,
    keepDays: config.OUTBOX_KEEP_DAYS,
  };
}

/** One endpoint or several. */
export const endpoints = origins('endpoint');

/** Where a service is. */
export const serviceUrl = (fallback: string) => endpoints.default([fallback]);

/** A value that must be there and is never printed. */
export const secret = z.string().min(1);

/** What the service proves itself with. */
export const tokenFields = {
  SERVICE_TOKEN: secret,
  /** Where it was read from, if it was a file; its successors are kept there. */
  SERVICE_TOKEN_FILE: z.string().optional(),
};

/** The same, as `openServiceToken` takes it. */
export function tokenSettings(config: z.output<z.ZodObject<typeof tokenFields>>) {
  return { token: config.SERVICE_TOKEN, file: config.SERVICE_TOKEN_FILE };
}

/** JSON of a schema, in one setting. */
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
