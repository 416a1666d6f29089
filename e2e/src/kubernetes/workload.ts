import { at, type KubernetesObject } from './object.ts';

interface Probe {
  readonly httpGet?: Readonly<{ path: string; port: string; scheme?: string }>;
}

interface SecurityContext {
  readonly runAsNonRoot?: boolean;
  readonly runAsUser?: number;
  readonly seccompProfile?: Readonly<{ type: string }>;
  readonly allowPrivilegeEscalation?: boolean;
  readonly readOnlyRootFilesystem?: boolean;
  readonly capabilities?: Readonly<{ drop?: readonly string[]; add?: readonly string[] }>;
}

interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly ports?: readonly Readonly<{ name: string; containerPort: number }>[];
  readonly env?: readonly Readonly<{ name: string; value?: string }>[];
  readonly envFrom?: readonly Readonly<{ configMapRef: { name: string } }>[];
  readonly volumeMounts?: readonly Readonly<{ name: string; mountPath: string; readOnly?: boolean }>[];
  readonly resources?: Readonly<{ requests?: Record<string, string>; limits?: Record<string, string> }>;
  readonly securityContext?: SecurityContext;
  readonly startupProbe?: Probe;
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
}

interface Volume {
  readonly name: string;
  readonly secret?: Readonly<{ secretName: string }>;
  readonly projected?: Readonly<{ sources: readonly Readonly<{ secret?: { name: string } }>[] }>;
}

/** What runs in a pod, as far as the tests look at it. */
interface PodSpec {
  readonly containers: readonly Container[];
  readonly volumes?: readonly Volume[];
  readonly securityContext?: SecurityContext;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds?: number;
  readonly hostNetwork?: boolean;
}

/** An object that makes pods. */
export interface Workload {
  readonly name: string;
  readonly kind: string;
  readonly replicas: number | undefined;
  /** Labels of its pods. */
  readonly labels: Readonly<Record<string, string>>;
  readonly selector: Readonly<Record<string, string>> | undefined;
  readonly spec: PodSpec;
}

const templates: Readonly<Record<string, string>> = {
  Deployment: 'spec.template',
  StatefulSet: 'spec.template',
  Job: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
};

export function workloadsOf(objects: readonly KubernetesObject[]): readonly Workload[] {
  return objects.flatMap((object) => {
    const path = templates[object.kind];
    if (path === undefined) return [];
    return [
      {
        name: object.metadata.name,
        kind: object.kind,
        replicas: at(object, 'spec.replicas') as number | undefined,
        labels: (at(object, `${path}.metadata.labels`) as Record<string, string> | undefined) ?? {},
        selector: at(object, 'spec.selector.matchLabels') as Record<string, string> | undefined,
        spec: (at(object, `${path}.spec`) as PodSpec | undefined) ?? { containers: [] },
      },
    ];
  });
}

/** Whether labels have all of a selector's. */
export function selects(
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean {
  return Object.entries(selector).every(([name, value]) => labels[name] === value);
}
