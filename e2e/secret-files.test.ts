import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { publicPart } from '@arcadium/mesh/identity';
import { generateSigningKey } from '@arcadium/mesh/issuer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { settings as auth } from '../services/auth/src/config.ts';
import { settings as dashboard } from '../services/dashboard/src/config.ts';
import { settings as notification } from '../services/notification/src/config.ts';
import { settings as wiki } from '../services/wiki/src/config.ts';
import { findDashboardPorts } from './src/dashboard.ts';
import { copyDatabase } from './src/database.ts';
import { prepareMesh, serviceNames, until, type TestMesh } from './src/mesh.ts';
import { MountedSecrets } from './src/mounted-secrets.ts';
import { startNode, type RunningProcess } from './src/process.ts';

// Every setting of every service that can be a file is replaced in both ways that there are: all files of a volume at
// once behind a symbolic link, as the kubelet does it, and a finished file renamed over the old one, as the agents of
// Vault and OpenBao do it. Certificates, which are files only: mesh/src/tls/rotation.test.ts.

const services = { auth, dashboard, notification, wiki };
type Name = keyof typeof services;

const changed = 'the file of a setting has changed: its new value is in force';
const adopted =
  'the service token is renewed: another process of this service has written a new one to the file';

/** Settings that are followed in another way, and where that is tested. */
const elsewhere: Record<string, string> = {
  DATABASE_OWNER_URL: 'read at each attempt to migrate: mesh/src/config/config.test.ts',
  RATE_LIMIT_STORE: 'needs a Valkey or Redis: mesh/src/server/limits/valkey.test.ts',
};

let mesh: TestMesh;
const running = new Map<Name, RunningProcess>();
const secrets = new Map<Name, MountedSecrets>();

/** `<NAME>` of each pair of settings `<NAME>` and `<NAME>_FILE`. */
function secretsOf(service: Name): string[] {
  const names = Object.keys(services[service]);
  return names.filter((name) => names.includes(`${name}_FILE`) && !(name in elsewhere));
}

/** The value of a secret at first, and those that replace it. */
const values: Record<string, (service: Name, round: number) => string | Promise<string>> = {
  DATABASE_URL: (service, round) => databaseUrl(service, round),
  DATABASE_DIRECT_URL: (service, round) => databaseUrl(service, round),
  SERVICE_TOKEN: async (service) => {
    // One that does not expire later is not used.
    await delay(1100);
    return mesh.identity.serviceToken(service);
  },
  PUBLIC_KEYS: async (_, round) => {
    const others = round === 0 ? [] : [publicPart(await generateSigningKey())];
    return JSON.stringify({ keys: [publicPart(mesh.identity.jwk), ...others] });
  },
  SIGNING_KEYS: async (_, round) => {
    const next = round === 0 ? [] : [await generateSigningKey()];
    return JSON.stringify({ keys: [...next, mesh.identity.jwk] });
  },
  ENCRYPTION_KEY: (_, round) =>
    [...encryptionKeys]
      .slice(0, round + 1)
      .toReversed()
      .join(','),
  OTEL_EXPORTER_OTLP_HEADERS: (_, round) => `authorization=Bearer%20${round}`,
  OTLP_TOKEN: (_, round) => `the-token-of-the-receiver-${round}`,
  ALERT_WEBHOOK_URL: (_, round) => `http://127.0.0.1:9/${round}`,
  SMTP_URL: (_, round) => `smtp://ops:secret-${round}@127.0.0.1:9`,
};
const encryptionKeys = Array.from({ length: 3 }, () => randomBytes(32).toString('base64url'));

const databaseUrl = (service: Name, round: number) =>
  service === 'dashboard' ? '' : `${mesh.database.url(service)}?application_name=round-${round}`;

/** A value that says nothing yet is a gap in the table above. */
function valueOf(service: Name, name: string, round: number): string | Promise<string> {
  const value = values[name];
  if (!value)
    throw new Error(`${name} can be a file: add the values that replace it, or where that is tested`);
  return value(service, round);
}

beforeAll(async () => {
  mesh = await prepareMesh({}, await copyDatabase(serviceNames));
  const ports = await findDashboardPorts();
  for (const service of Object.keys(services) as Name[]) {
    const names = secretsOf(service);
    const first: [string, string][] = [];
    for (const name of names) first.push([name, await valueOf(service, name, 0)]);
    const mounted = await MountedSecrets.mount(Object.fromEntries(first));
    secrets.set(service, mounted);
    const environment = Object.entries(mesh.environment(service === 'dashboard' ? 'wiki' : service));
    const others = environment.filter(([name]) => !names.includes(name));
    running.set(
      service,
      startNode(`services/${service}/src/main.ts`, {
        ...Object.fromEntries(others),
        ...mounted.settings,
        ...(service === 'dashboard' && {
          PORT: String(ports.port),
          OTLP_PORT: String(ports.otlpPort),
          STATE_DIR: `${mesh.environment('wiki')['STATE_DIR']}-dashboard`,
          ALERT_EMAIL_TO: 'ops@example.com',
        }),
        LOG_FORMAT: 'json',
      }),
    );
  }
  await until(
    async () =>
      (await Promise.all(serviceNames.map(mesh.health))).every(({ status }) => status === 'healthy') &&
      (await fetch(`http://127.0.0.1:${ports.port}/readyz`).catch(() => undefined))?.ok === true,
    'all are healthy',
    () => [...running.values()].map((one) => one.output()).join('\n'),
  );
});
afterAll(async () => {
  for (const one of running.values()) await one[Symbol.asyncDispose]();
  for (const one of secrets.values()) await one[Symbol.asyncDispose]();
  await mesh?.[Symbol.asyncDispose]();
});

/** How often a service has put a changed file of a setting in force. */
function timesChanged(service: Name, name: string): number {
  const lines = running.get(service)?.logged() ?? [];
  return lines.filter(({ msg, ...line }) =>
    name === 'SERVICE_TOKEN' ? msg === adopted : msg === changed && line['setting'] === name,
  ).length;
}

test.each([
  { round: 1, way: 'a volume of Kubernetes' },
  { round: 2, way: 'an agent that renames files' },
])('the secrets of all services change in $way', async ({ round }) => {
  for (const service of Object.keys(services) as Name[]) {
    const next: [string, string][] = [];
    for (const name of secretsOf(service)) next.push([name, await valueOf(service, name, round)]);
    const mounted = secrets.get(service);
    if (round === 1) await mounted?.set(Object.fromEntries(next));
    else for (const [name, value] of next) await mounted?.rename(name, value);
  }
  const waiting = () =>
    (Object.keys(services) as Name[]).flatMap((service) =>
      secretsOf(service)
        .filter((name) => timesChanged(service, name) < round)
        .map((name) => `${service}: ${name}`),
    );
  await until(
    () => waiting().length === 0,
    'every changed secret is in force',
    () => `not: ${waiting().join(', ')}\n${[...running.values()].map((one) => one.output()).join('\n')}`,
  );
  expect(waiting()).toEqual([]);
});
