import { entriesOf, type AnyContract } from '@arcadium/mesh/contract';
import { stringify } from 'yaml';
import type { MeshService } from './read-mesh.ts';

/** The service that reads the state of all others: /api/status, /api/mesh and /metrics. */
const watcher = 'dashboard';

/** Label of the namespaces whose pods may send people's requests: the edge. */
const edgeLabel = { 'arcadium-edge': 'true' };

/** Label of the namespaces whose pods may read /metrics. */
const monitoringLabel = { 'arcadium-monitoring': 'true' };

const postgresPort = 5432;

const header = `# Made from the contracts' access rules and the services' settings by
#   npm run mesh -- contract network-policies
# Do not edit: \`npm test\` fails if this file is not what the command prints.
`;

/** A label selector by labels. */
type Selector = Readonly<{ matchLabels: Readonly<Record<string, string>> }>;

/** One side of a connection: pods of this namespace, or of others. */
type Peer = Readonly<{ podSelector?: Selector; namespaceSelector?: Selector }>;

type Port = Readonly<{ protocol: 'TCP' | 'UDP'; port: number }>;

/** A NetworkPolicy of Kubernetes (networking.k8s.io/v1), as far as it is used here. */
interface NetworkPolicy {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: Readonly<{ name: string; labels: Readonly<Record<string, string>> }>;
  readonly spec: Readonly<{
    podSelector: Selector | Readonly<Record<string, never>>;
    policyTypes: readonly ('Ingress' | 'Egress')[];
    ingress?: readonly Readonly<{ from: readonly Peer[]; ports: readonly Port[] }>[];
    egress?: readonly Readonly<{ to: readonly Peer[]; ports: readonly Port[] }>[];
  }>;
}

/**
 * Whether a service may open connections to another: it has the other's URL, and the other's contract has a procedure
 * that admits it. The dashboard may reach every service whose URL it has, because it reads their state.
 *
 * Between replicas of one service, only a rule that names it, or all services, counts.
 */
export function mayConnect(from: MeshService, to: MeshService): boolean {
  if (from.name === to.name) return from.name === watcher || admitsService(to.contract, from.name, 'named');
  if (!from.calls.includes(to.name)) return false;
  return from.name === watcher || admitsService(to.contract, from.name, 'at all');
}

function admitsService(contract: AnyContract, name: string, how: 'named' | 'at all'): boolean {
  return alternativesOf(contract).some(
    ({ services, user }) =>
      services === 'any' || services?.includes(name) || (how === 'at all' && !services && !user),
  );
}

/** Whether any procedure admits callers that are not services. */
export function admitsPeople(contract: AnyContract): boolean {
  return alternativesOf(contract).some(({ services }) => services === undefined);
}

function alternativesOf(contract: AnyContract) {
  return entriesOf(contract).flatMap(({ procedure }) => procedure.access.alternatives);
}

/**
 * Pairs of a service that has the URL of another, and the other, whose contract admits it to no procedure: either the
 * setting or an access rule is missing.
 */
export function refusedCallers(mesh: readonly MeshService[]): readonly (readonly [string, string])[] {
  return mesh.flatMap((from) =>
    mesh
      .filter((to) => from.calls.includes(to.name) && !mayConnect(from, to))
      .map((to) => [from.name, to.name] as const),
  );
}

/**
 * The network policies of a mesh, as YAML. Every connection is denied except: calls that a contract admits, from the
 * services that make them; people's calls through the edge; what the dashboard and Prometheus read; traces and logs;
 * PostgreSQL; DNS.
 */
export function networkPolicies(mesh: readonly MeshService[]): string {
  const policies = [denyAll, dns, ...mesh.map((service) => policyOf(service, mesh))];
  return (
    header +
    policies
      .map((one) => `---\n${stringify(one, { singleQuote: true, aliasDuplicateObjects: false })}`)
      .join('')
  );
}

const denyAll = policy('deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });

const dns = policy('dns', {
  podSelector: {},
  policyTypes: ['Egress'],
  egress: [
    {
      to: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
          podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
        },
      ],
      ports: [{ protocol: 'UDP', port: 53 }, tcp(53)],
    },
  ],
});

function policyOf(service: MeshService, mesh: readonly MeshService[]): NetworkPolicy {
  const { name, port, telemetryPort } = service;
  const callers = mesh.filter((other) => mayConnect(other, service)).map(podsOf);
  const edge = admitsPeople(service.contract) ? [{ namespaceSelector: { matchLabels: edgeLabel } }] : [];
  const monitoring = [{ namespaceSelector: { matchLabels: monitoringLabel } }];
  const senders = mesh.filter((other) => other.sendsTelemetry).map(podsOf);
  const targets = mesh.filter((other) => mayConnect(service, other));
  const receivers = service.sendsTelemetry ? mesh.filter((other) => other.telemetryPort !== undefined) : [];
  return policy(name, {
    podSelector: selectorOf(name),
    policyTypes: ['Ingress', 'Egress'],
    ingress: [
      { from: [...callers, ...edge, ...monitoring], ports: [tcp(port)] },
      ...(telemetryPort === undefined ? [] : [{ from: senders, ports: [tcp(telemetryPort)] }]),
    ],
    egress: [
      ...targets.map((target) => ({ to: [podsOf(target)], ports: [tcp(target.port)] })),
      ...receivers.map((receiver) => ({ to: [podsOf(receiver)], ports: [tcp(receiver.telemetryPort ?? 0)] })),
      ...(service.database ? [{ to: [podsOf({ name: 'postgres' })], ports: [tcp(postgresPort)] }] : []),
    ],
  });
}

function policy(name: string, spec: NetworkPolicy['spec']): NetworkPolicy {
  const labels = { 'app.kubernetes.io/part-of': 'arcadium' };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, labels }, spec };
}

function podsOf({ name }: { readonly name: string }): Peer {
  return { podSelector: selectorOf(name) };
}

function selectorOf(name: string): Selector {
  return { matchLabels: { 'app.kubernetes.io/name': name } };
}

function tcp(port: number): Port {
  return { protocol: 'TCP', port };
}
