import { BlockList } from 'node:net';
import { at, type KubernetesObject } from './object.ts';
import { selects } from './workload.ts';

/** One end of a connection: a pod, or an address outside of the cluster. */
export type End =
  | Readonly<{ labels: Readonly<Record<string, string>>; namespace: Namespace }>
  | Readonly<{ ip: string }>;

/** A namespace, which has its name as a label too. */
export type Namespace = Readonly<{ name: string; labels?: Readonly<Record<string, string>> }>;

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly Readonly<{
    key: string;
    operator: string;
    values: readonly string[];
  }>[];
}

interface Peer {
  readonly podSelector?: Selector;
  readonly namespaceSelector?: Selector;
  readonly ipBlock?: Readonly<{ cidr: string }>;
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports?: readonly Readonly<{ protocol: string; port: number }>[];
}

/**
 * Whether network policies let a connection through, by the rules of Kubernetes: a pod that a policy selects for a
 * direction may do there what any of its policies allows; another pod may do everything. Both ends must allow it.
 */
export function allows(
  objects: readonly KubernetesObject[],
  { from, to, port, protocol = 'TCP' }: { from: End; to: End; port: number; protocol?: string },
): boolean {
  const policies = objects.filter(({ kind }) => kind === 'NetworkPolicy');
  const side = (direction: 'Ingress' | 'Egress', own: End, other: End): boolean => {
    if (!('labels' in own)) return true;
    const field = direction.toLowerCase();
    const applied = policies.filter((policy) => {
      const types = (at(policy, 'spec.policyTypes') as readonly string[] | undefined) ?? [];
      return (
        types.includes(direction) &&
        policy.metadata.namespace === own.namespace.name &&
        fits(at(policy, 'spec.podSelector') as Selector | undefined, own.labels)
      );
    });
    if (applied.length === 0) return true;
    return applied
      .flatMap((policy) =>
        ((at(policy, `spec.${field}`) as readonly Rule[] | undefined) ?? []).map((rule) => ({
          policy,
          rule,
        })),
      )
      .some(({ policy, rule }) => {
        const peers = (direction === 'Ingress' ? rule.from : rule.to) ?? [];
        return (
          rule.ports?.some((one) => one.port === port && one.protocol === protocol) === true &&
          peers.some((peer) => matches(peer, other, policy.metadata.namespace))
        );
      });
  };
  return side('Egress', from, to) && side('Ingress', to, from);
}

function matches(peer: Peer, end: End, policyNamespace: string | undefined): boolean {
  if ('ip' in end) {
    const [network = '', bits = '32'] = peer.ipBlock?.cidr.split('/') ?? [];
    if (network === '') return false;
    const block = new BlockList();
    block.addSubnet(network, Number(bits));
    return block.check(end.ip);
  }
  if (peer.ipBlock) return false;
  const { name, labels } = end.namespace;
  const sameNamespace = peer.namespaceSelector
    ? fits(peer.namespaceSelector, { ...labels, 'kubernetes.io/metadata.name': name })
    : name === policyNamespace;
  return sameNamespace && (!peer.podSelector || fits(peer.podSelector, end.labels));
}

function fits(selector: Selector | undefined, labels: Readonly<Record<string, string>>): boolean {
  const { matchLabels = {}, matchExpressions = [] } = selector ?? {};
  return (
    selects(matchLabels, labels) &&
    matchExpressions.every(({ key, operator, values }) => {
      if (operator !== 'In') throw new Error(`the operator ${operator} is not known here`);
      return values.includes(labels[key] ?? '');
    })
  );
}
