import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { silentLogger } from '../testing/index.ts';
import { z } from 'zod';
import {
  callFields,
  ConfigError,
  databaseFields,
  databaseSettings,
  directUrl,
  endpoints,
  json,
  migrationSettings,
  readConfig,
  readEnvironment,
  secret,
  serverFields,
  serverSettings,
  serviceUrl,
  telemetryFields,
  telemetrySettings,
  tokenFields,
  tokenSettings,
} from './index.ts';

const folder = mkdtempSync(join(tmpdir(), 'arcadium-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

const fields = {
  ...serverFields,
  ...databaseFields,
  ...callFields,
  AUTH_SERVICE_URL: serviceUrl('http://localhost:8000'),
  SERVICE_TOKEN: secret,
  KEYS: json(z.object({ keys: z.array(z.string()).min(1) })),
};

const enough = {
  DATABASE_URL: 'postgres://wiki:pw@localhost:5432/arcadium',
  SERVICE_TOKEN: 'token',
  KEYS: '{"keys":["a"]}',
};

test('what is not said has the documented value', () => {
  expect(readConfig(fields, enough)).toEqual({
    ...enough,
    KEYS: { keys: ['a'] },
    HOST: '127.0.0.1',
    LOG_LEVEL: 'info',
    KEEP_ALIVE_TIMEOUT_MS: 65_000,
    DRAIN_DELAY_MS: 0,
    USER_DEADLINE_MS: 10_000,
    ACCESS_MODE: 'enforce',
    METRICS_ACCESS: 'open',
    CONTRACT_ACCESS: 'token',
    TAP: 'calls',
    STREAMS_PER_CALLER: 100,
    TRUSTED_PROXIES: [],
    RATE_LIMIT_CALLS: 600,
    RATE_LIMIT_STORE: 'memory',
    TLS_CLIENT_AUTH: 'none',
    DATABASE_POOL_MAX: 10,
    DATABASE_CONNECT_TIMEOUT_MS: 5000,
    DATABASE_IDLE_TIMEOUT_MS: 1_800_000,
    RETRY_ATTEMPTS: 3,
    RETRY_BASE_MS: 1000,
    RETRY_JITTER: 0.2,
    REQUEST_TIMEOUT_MS: 5000,
    REQUEST_DEADLINE_MS: 30_000,
    AUTH_SERVICE_URL: ['http://localhost:8000'],
  });
});

test('a service listens where the others look for it, unless told otherwise', () => {
  const listening = (url: string, environment: Record<string, string> = {}) =>
    serverSettings(readConfig(serverFields, environment), endpoints.parse(url), undefined).port;
  expect(listening('http://localhost:8123')).toBe(8123);
  expect(listening('http://localhost:8123', { PORT: '9000' })).toBe(9000);
  expect([listening('http://auth'), listening('https://auth')]).toEqual([80, 443]);
  expect(listening('http://10.0.0.1:8123,http://10.0.0.2:9000')).toBe(8123);
});

test('everything wrong is said at once, by name, without a value', () => {
  const wrong = {
    PORT: '80x',
    LOG_LEVEL: 'loud',
    DATABASE_URL: 'mysql://secret-host',
    RETRY_JITTER: '2',
    KEYS: '{"keys":',
    SERVICE_TOKEN_FILE: join(folder, 'missing'),
    AUTH_SERVICE_URL: 'localhost',
  };
  let failure: unknown;
  try {
    readConfig(fields, wrong);
  } catch (thrown) {
    failure = thrown;
  }
  expect(failure).toBeInstanceOf(ConfigError);
  const { problems, message } = failure as ConfigError;
  expect(problems.map((problem) => problem.split(':')[0]).toSorted()).toEqual([
    'AUTH_SERVICE_URL',
    'DATABASE_URL',
    'KEYS',
    'LOG_LEVEL',
    'PORT',
    'RETRY_JITTER',
    'SERVICE_TOKEN_FILE',
  ]);
  expect(message).not.toContain('secret-host');
});

test('a secret may come out of a file; the setting itself wins', () => {
  const path = join(folder, 'token');
  writeFileSync(path, 'from-file\n');
  const { SERVICE_TOKEN: _, ...rest } = enough;
  expect(readConfig(fields, { ...rest, SERVICE_TOKEN_FILE: path }).SERVICE_TOKEN).toBe('from-file');
  expect(readConfig(fields, { ...enough, SERVICE_TOKEN_FILE: path }).SERVICE_TOKEN).toBe('token');
});

test('the path of a secret’s file is there if it was read', () => {
  const path = join(folder, 'service-token');
  writeFileSync(path, 'from-file\n');
  const read = (environment: Record<string, string>) => tokenSettings(readConfig(tokenFields, environment));
  expect(read({ SERVICE_TOKEN_FILE: path })).toEqual({ token: 'from-file', file: path });
  expect(read({ SERVICE_TOKEN_FILE: path, SERVICE_TOKEN: 'own' })).toEqual({ token: 'own', file: undefined });
  expect(read({ SERVICE_TOKEN: 'own' })).toEqual({ token: 'own', file: undefined });
});

test('a file named by the process wins over a value in a file, and the other way round', () => {
  writeFileSync(join(folder, '.env'), "A='value'\nB_FILE='/some/file'\n");
  expect(readEnvironment([folder], { A_FILE: '/other', B: 'own' })).toEqual({ A_FILE: '/other', B: 'own' });
});

test.each(['example', '../other', 'a b'])('no environment is called %s', (ENVIRONMENT) => {
  expect(() => readEnvironment([folder], { ENVIRONMENT })).toThrow('ENVIRONMENT cannot be');
});

test('a nearer database brings its own owner and its own direct URL, or has none', () => {
  const owned = {
    DATABASE_URL: 'postgres://a',
    DATABASE_OWNER_URL: 'postgres://b',
    DATABASE_DIRECT_URL: 'postgres://c',
  };
  writeFileSync(
    join(folder, '.env.owned'),
    "DATABASE_URL='postgres://far'\nDATABASE_OWNER_URL='postgres://o'\nDATABASE_DIRECT_URL_FILE='/d'\n",
  );
  const read = (own: Record<string, string>) => readEnvironment([folder], { ENVIRONMENT: 'owned', ...own });
  expect(read({ DATABASE_URL: 'postgres://near' })).not.toHaveProperty('DATABASE_OWNER_URL');
  expect(read({ DATABASE_URL: 'postgres://near' })).not.toHaveProperty('DATABASE_DIRECT_URL_FILE');
  expect(read({ DATABASE_URL_FILE: '/near' })).not.toHaveProperty('DATABASE_OWNER_URL');
  expect(read(owned)).toMatchObject(owned);
});

test('with a direct URL, which may be in a file, traffic alone goes through a pooler', () => {
  const path = join(folder, 'direct');
  const [pooled, direct, owner] = ['postgres://r@pooler/d', 'postgres://r@db/d', 'postgres://o@db/d'];
  writeFileSync(path, `${direct}\n`);
  const now = (one: string | (() => string) | undefined) => (typeof one === 'function' ? one() : one);
  const read = (environment: Record<string, string>) => {
    const config = readConfig(databaseFields, { DATABASE_URL: pooled, ...environment });
    const { url, trafficUrl, directUrl: past } = migrationSettings(config);
    expect([trafficUrl, past].map(now)).toEqual([pooled, config.DATABASE_DIRECT_URL]);
    return [databaseSettings(config), now(url), directUrl(config)];
  };
  const through = expect.objectContaining({ url: pooled, pooled: true });
  expect(read({ DATABASE_DIRECT_URL_FILE: path })).toEqual([through, direct, direct]);
  expect(read({ DATABASE_DIRECT_URL: direct, DATABASE_OWNER_URL: owner })).toEqual([through, owner, direct]);
  const plain = expect.objectContaining({ url: pooled, pooled: false });
  expect(read({})).toEqual([plain, pooled, pooled]);
  expect(() => read({ DATABASE_DIRECT_URL: 'db:5432' })).toThrow('DATABASE_DIRECT_URL: must be postgres://');
});

test.each(['localhost', 'http://h/path', 'http://h/?q', 'http://user@h', 'ftp://h', 'http://'])(
  'the service address %s is refused',
  (AUTH_SERVICE_URL) => {
    expect(() => readConfig(fields, { ...enough, AUTH_SERVICE_URL })).toThrow(
      'AUTH_SERVICE_URL: must be http',
    );
  },
);

test('a service may have several endpoints; spaces are nothing, and one named twice is one', () => {
  const several = ' http://10.0.0.1:5000 ,http://b:80, https://b,http://b/,http://[::1]:5000';
  expect(readConfig(fields, { ...enough, AUTH_SERVICE_URL: several }).AUTH_SERVICE_URL).toEqual([
    'http://10.0.0.1:5000',
    'http://b',
    'https://b',
    'http://[::1]:5000',
  ]);
});

test.each([
  ['http://a:1,', 'endpoint 2 of 2 is empty'],
  ['http://a:1,,http://b:1', 'endpoint 2 of 3 is empty'],
  [',', 'endpoint 1 of 2 is empty'],
  ['http://a:1,b:1', 'endpoint 2 of 2 must be http://host:port'],
  ['http://a:1,http://user:hunter2@b:1', 'endpoint 2 of 2 must be http://host:port, without'],
  ['http://a:1 http://b:1', 'must be http://host:port'],
])('one of several that is no good is named by its place (%s)', (AUTH_SERVICE_URL, problem) => {
  const read = () => readConfig(fields, { ...enough, AUTH_SERVICE_URL });
  expect(read).toThrow(`AUTH_SERVICE_URL: ${problem}`);
  expect(read).not.toThrow('hunter2');
});

test('the process wins over the files, the nearer file over the farther, and empty is not set', () => {
  writeFileSync(join(folder, '.env'), "A='file'\nB='file'\nC=''\n");
  writeFileSync(join(folder, '.env.staging'), "B='staging'\n");
  expect(readEnvironment([folder], { A: 'own', C: undefined })).toEqual({ A: 'own', B: 'file' });
  expect(readEnvironment([folder], { ENVIRONMENT: 'staging' })).toMatchObject({ B: 'staging' });
  expect(readEnvironment([join(folder, 'none')], {})).toEqual({});
});

test('headers for the receiver of traces are read as OpenTelemetry writes them; a problem shows no value', () => {
  const read = (OTEL_EXPORTER_OTLP_HEADERS: string) =>
    telemetrySettings(readConfig(telemetryFields, { OTEL_EXPORTER_OTLP_HEADERS }), silentLogger);
  const { headers, ...others } = read('Authorization=Bearer%20key==, x-tenant = a');
  expect(headers()).toEqual({ authorization: 'Bearer key==', 'x-tenant': 'a' });
  expect(others).toEqual({ endpoint: undefined, traceShare: 1 });
  for (const wrong of ['a=1,hunter2', 'a=1,b=%hunter2'])
    expect(() => read(wrong)).toThrow(/^(?!.*hunter2)[^]*header 2 of 2 must be name=value/);
});

test('changed headers in their file are those of the next request', async () => {
  const path = join(folder, 'headers');
  writeFileSync(path, 'authorization=Bearer%20first');
  const config = readConfig(telemetryFields, { OTEL_EXPORTER_OTLP_HEADERS_FILE: path });
  const { headers } = telemetrySettings(config, silentLogger);
  expect(headers()).toEqual({ authorization: 'Bearer first' });
  writeFileSync(`${path}.new`, 'authorization=Bearer%20second');
  renameSync(`${path}.new`, path);
  await expect.poll(headers, { timeout: 10_000 }).toEqual({ authorization: 'Bearer second' });
});

test('each attempt to migrate reads the URL of the owner again, behind a link or renamed into place', () => {
  const path = join(folder, 'DATABASE_OWNER_URL');
  const urlOf = (password: string) => `postgres://owner:${password}@db/x`;
  for (const version of ['first', 'second']) {
    mkdirSync(join(folder, `..${version}`));
    writeFileSync(join(folder, `..${version}`, 'DATABASE_OWNER_URL'), urlOf(version));
  }
  symlinkSync('..first', join(folder, '..data'));
  symlinkSync('..data/DATABASE_OWNER_URL', path);
  const config = readConfig(databaseFields, {
    DATABASE_URL: 'postgres://a:b@db/x',
    DATABASE_OWNER_URL_FILE: path,
  });
  const { url } = migrationSettings(config);
  const read = () => (typeof url === 'function' ? url() : url);
  expect(read()).toBe(urlOf('first'));
  symlinkSync('..second', join(folder, '..next'));
  renameSync(join(folder, '..next'), join(folder, '..data'));
  expect(read()).toBe(urlOf('second'));
  writeFileSync(`${path}.new`, urlOf('third'));
  renameSync(`${path}.new`, path);
  expect(read()).toBe(urlOf('third'));
});

test('what sslmode in the URL of a database means, and its problems', () => {
  const path = join(folder, 'ca.pem');
  writeFileSync(path, 'no certificate');
  const read = (options: string) =>
    readConfig(databaseFields, { DATABASE_URL: `postgres://a:secret@db1,db2/x?${options}` }).DATABASE_URL;
  expect(read('sslmode=disable')).toBe('postgres://a:secret@db1,db2/x?sslmode=disable');
  for (const mode of ['prefer', 'require', 'verify-ca', 'verify-full'])
    expect(read(`sslmode=${mode}`)).toBe('postgres://a:secret@db1,db2/x?sslmode=verify-full');
  expect(read('sslrootcert=system')).toBe('postgres://a:secret@db1,db2/x?sslmode=verify-full');
  expect(() => read('sslmode=allow')).toThrow('DATABASE_URL: sslmode must be verify-full, or disable');
  expect(() => read('sslrootcert=/no/such')).toThrow('sslrootcert: cannot read /no/such (ENOENT)');
  expect(() => read(`sslrootcert=${path}`)).toThrow(
    `sslrootcert: ${path} is not a certificate in PEM format`,
  );
  expect(() => read('sslmode=allow')).not.toThrow('secret');
});
