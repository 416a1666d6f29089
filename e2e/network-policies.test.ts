import { admit, entriesOf, type AnyContract, type Caller } from '@arcadium/mesh/contract';
import { describe, expect, test } from 'vitest';
import { buildAll } from './src/kubernetes/builds.ts';
import { allows, type End, type Namespace } from './src/kubernetes/connections.ts';
import { serviceNames, serviceOf } from './src/kubernetes/services.ts';
import { selects, workloadsOf } from './src/kubernetes/workload.ts';

const pairs = serviceNames.flatMap((from) => serviceNames.map((to) => [from, to] as const));

/** A user with every right, or none. */
const people = [undefined, { id: 'u', name: 'u', role: 'admin', tokenId: 't', expiresAt: 0 }] as const;

/** Whether a server would let any call of a service through, by itself or for a user. */
function isAdmitted(name: string, contract: AnyContract): boolean {
  const service = { id: 's', name, tokenId: 't', expiresAt: 0 };
  const callers: readonly Caller[] = people.map((user) => ({ service, user }));
  return entriesOf(contract).some(({ procedure }) =>
    callers.some((caller) => admit(procedure.access, caller) === 'admitted'),
  );
}

/** What the access rules say, from the services' own code rather than from what made the policies. */
function mayCall(from: string, to: string): boolean {
  const { contract } = serviceOf(to);
  if (from === 'dashboard') return true;
  // Only auth calls its other replicas: every service has its own URL, for the port.
  if (from === to) return from === 'auth';
  return `${to.toUpperCase()}_SERVICE_URL` in serviceOf(from).settings && isAdmitted(from, contract);
}

const arcadium: Namespace = { name: 'arcadium' };
const elsewhere: End = { namespace: { name: 'default' }, labels: { 'app.kubernetes.io/name': 'auth' } };
const edge: End = { namespace: { name: 'gateway', labels: { 'arcadium-edge': 'true' } }, labels: {} };
const prometheus: End = {
  namespace: { name: 'monitoring', labels: { 'arcadium-monitoring': 'true' } },
  labels: {},
};
const dns: End = { namespace: { name: 'kube-system' }, labels: { 'k8s-app': 'kube-dns' } };
const stranger: End = { namespace: arcadium, labels: { 'app.kubernetes.io/name': 'debug' } };
const internet: End = { ip: '203.0.113.9' };

const { built } = buildAll();

describe.each(['overlays/dev', 'overlays/production'] as const)('%s', (folder) => {
  const objects = built.get(folder) ?? [];
  const workloads = workloadsOf(objects);
  const podOf = (name: string): End => {
    const found = workloads.find(({ labels }) => selects({ 'app.kubernetes.io/name': name }, labels));
    if (!found) throw new Error(`${folder} has no pods of ${name}`);
    return { namespace: arcadium, labels: found.labels };
  };
  test.each(pairs)('%s → %s is allowed exactly if the access rules allow a call', (from, to) => {
    const { port } = serviceOf(to);
    const allowed = allows(objects, { from: podOf(from), to: podOf(to), port });
    expect(allowed).toBe(mayCall(from, to));
  });

  test.each(serviceNames)('%s: ways in and out', (name) => {
    const pod = podOf(name);
    const reaches = (from: End, to: End, at: number): boolean => allows(objects, { from, to, port: at });
    const { port, settings } = serviceOf(name);
    const postgres: End = folder === 'overlays/dev' ? podOf('postgres') : { ip: '192.0.2.10' };
    expect({
      edge: reaches(edge, pod, port),
      prometheus: reaches(prometheus, pod, port),
      elsewhere: reaches(elsewhere, pod, port),
      stranger: reaches(stranger, pod, port),
      internet: reaches(internet, pod, port) || reaches(pod, internet, 443),
      otherPort: reaches(edge, pod, 9229),
      postgres: reaches(pod, postgres, 5432),
      telemetry: reaches(pod, podOf('dashboard'), 4318),
      dns: allows(objects, { from: pod, to: dns, port: 53, protocol: 'UDP' }) && reaches(pod, dns, 53),
    }).toEqual({
      edge: true,
      prometheus: true,
      elsewhere: false,
      stranger: false,
      internet: false,
      otherPort: false,
      postgres: 'DATABASE_URL' in settings,
      telemetry: 'OTEL_EXPORTER_OTLP_ENDPOINT' in settings,
      dns: true,
    });
  });
});

test('what makes the schemas and backups reaches PostgreSQL and nothing else, and only the mesh does', () => {
  const objects = built.get('overlays/dev') ?? [];
  const pod = (name: string): End => ({ namespace: arcadium, labels: { 'app.kubernetes.io/name': name } });
  const reaches = (from: End, to: End, port: number): boolean => allows(objects, { from, to, port });
  expect(reaches(pod('provision'), pod('postgres'), 5432)).toBe(true);
  expect(reaches(pod('provision'), pod('auth'), 8000)).toBe(false);
  const production = built.get('overlays/production') ?? [];
  const [backup, database] = [pod('backup'), { ip: '192.0.2.10' }];
  expect(allows(production, { from: backup, to: database, port: 5432 })).toBe(true);
  expect(allows(production, { from: backup, to: internet, port: 5432 })).toBe(false);
  expect(allows(production, { from: backup, to: pod('auth'), port: 8000 })).toBe(false);
  expect(reaches(stranger, pod('postgres'), 5432)).toBe(false);
  expect(reaches(edge, pod('postgres'), 5432)).toBe(false);
  expect(reaches(pod('postgres'), internet, 443)).toBe(false);
});
