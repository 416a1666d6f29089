import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildAll } from './src/kubernetes/builds.ts';
import { patched } from './src/kubernetes/json-patch.ts';
import { hasKubectl, kubectlBuild } from './src/kubernetes/kubectl.ts';
import { at, nameOf, type KubernetesObject } from './src/kubernetes/object.ts';
import { schemaProblem, strictProblems } from './src/kubernetes/schemas.ts';
import { serviceNames, serviceOf } from './src/kubernetes/services.ts';
import { longestStopMs, lookupIntervalMs } from './src/kubernetes/stop-bounds.ts';
import { selects, workloadsOf, type Workload } from './src/kubernetes/workload.ts';
import { root } from './src/process.ts';

const { manifests, built } = buildAll();
const all = [...built.values()].flat();
const secretsPath = '/run/secrets/arcadium/';

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function byName(objects: readonly KubernetesObject[]): readonly KubernetesObject[] {
  return objects.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other)));
}

function servicesOf(objects: readonly KubernetesObject[]): readonly Workload[] {
  return workloadsOf(objects).filter(({ name }) => serviceNames.includes(name));
}

/** A Deployment with a mistake. */
function mistaken(path: string, value: string): KubernetesObject {
  const deployment = all.find(({ kind }) => kind === 'Deployment');
  if (!deployment) throw new Error('there is no Deployment');
  return patched(deployment, [{ op: 'add', path, value }]);
}

test('every object fits the schema of its kind', async () => {
  const problems = await Promise.all(all.map(schemaProblem));
  expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  expect(await schemaProblem(mistaken('/spec/replicas', '2'))).toMatch('spec/replicas must be integer');
});

test('no object has a field that its kind does not know', () => {
  expect(strictProblems(all)).toBe('');
  expect(strictProblems([mistaken('/spec/template/spec/hostNetwrk', 'x')])).toMatch(
    `'"hostNetwrk"' does not exist in type 'IPodSpec'`,
  );
});

describe.each([...built])('%s', (folder, objects) => {
  const workloads = workloadsOf(objects);
  const mesh = objects.find((object) => nameOf(object) === 'ConfigMap/mesh');
  const tls = folder === 'overlays/production-tls';

  test.runIf(hasKubectl)('is what kubectl builds', () => {
    expect(byName(objects)).toEqual(byName(kubectlBuild(`${manifests}/${folder}`)));
  });

  test('names and selectors lead to what exists', () => {
    const names = objects.map(nameOf);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, labels, selector } of workloads)
      if (selector) expect(selects(selector, labels), name).toBe(true);
    for (const object of objects) {
      const selector = at(object, object.kind === 'Service' ? 'spec.selector' : 'spec.selector.matchLabels');
      if (!['Service', 'PodDisruptionBudget'].includes(object.kind)) continue;
      const chosen = workloads.filter(({ labels }) => selects(selector as Record<string, string>, labels));
      expect(
        chosen.map(({ name }) => name),
        nameOf(object),
      ).toHaveLength(1);
      for (const { targetPort } of (at(object, 'spec.ports') ?? []) as { targetPort: string }[])
        expect(chosen[0]?.spec.containers[0]?.ports?.map(({ name }) => name)).toContain(targetPort);
    }
    for (const object of objects) {
      const target = at(object, 'spec.scaleTargetRef') as { kind: string; name: string } | undefined;
      if (target) expect(names).toContain(`${target.kind}/${target.name}`);
      if (target) expect(workloads.find(({ name }) => name === target.name)?.replicas).toBeUndefined();
      if (object.kind !== 'HTTPRoute') continue;
      for (const { backendRefs = [] } of (at(object, 'spec.rules') ?? []) as Route[])
        for (const { name, port } of backendRefs) {
          const service = objects.find((one) => nameOf(one) === `Service/${name}`);
          expect(service && at(service, 'spec.ports')).toMatchObject([{ port }]);
        }
    }
  });

  test('pods keep to the restricted Pod Security Standard', () => {
    for (const { name, spec } of workloads) {
      expect(spec, name).toMatchObject({
        automountServiceAccountToken: false,
        enableServiceLinks: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
      });
      expect(spec.securityContext?.runAsUser, name).toBeGreaterThan(0);
      expect(spec.hostNetwork, name).toBeUndefined();
      for (const { securityContext, resources } of spec.containers) {
        expect(securityContext, name).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(Object.keys({ ...resources?.requests }), name).toEqual(['cpu', 'memory']);
        expect(Object.keys({ ...resources?.limits }), name).toEqual(['memory']);
      }
    }
  });

  test('every image is one that this repository builds or uses', () => {
    const version = (JSON.parse(read('package.json')) as { version: string }).version;
    const used = [
      read('docker/docker-compose.yml'),
      ...globSync('docker/**/Dockerfile', { cwd: root }).map(read),
    ];
    for (const { image } of workloads.flatMap(({ spec }) => spec.containers)) {
      const [, registry, service, tag] =
        /^(registry\.example\/)?arcadium\/(\w+)(?::(.+))?$/.exec(image) ?? [];
      if (service === undefined)
        expect(used.join('\n')).toMatch(new RegExp(`^(FROM| +image:) ${image}$`, 'm'));
      else expect(serviceNames).toContain(service);
      expect(tag).toBe(registry && version);
    }
  });

  test('every variable is a setting with a valid value, and every file is in a Secret', () => {
    const shared = Object.entries((mesh && at(mesh, 'data')) ?? {}) as [string, string][];
    for (const [variable] of shared)
      expect(everySetting).toContain(variable.startsWith('TLS_') ? variable : settingOf(variable));
    for (const { name, spec } of servicesOf(objects)) {
      const { settings } = serviceOf(name);
      const own = (spec.containers[0]?.env ?? []).map((one) => [one.name, one.value ?? ''] as const);
      const isFile = isFileOf(settings);
      for (const [variable] of own) expect(isFile(variable) || variable in settings, variable).toBe(true);
      const files = [...shared, ...own].filter(([variable]) => isFile(variable));
      for (const [variable, value] of files) expect(value).toBe(`${secretsPath}${settingOf(variable)}`);
      for (const [variable, value] of [...shared, ...own])
        if (!isFile(variable))
          expect(settings[variable]?.safeParse(value).error, `${variable} of ${name}`).toBeUndefined();
      expect(keysOf(spec, objects)).toEqual(files.map(([variable]) => settingOf(variable)).toSorted());
      const given = [...shared, ...own].map(([variable]) =>
        isFile(variable) ? settingOf(variable) : variable,
      );
      const required = Object.keys(settings).filter(
        (setting) => settings[setting]?.safeParse(undefined).error,
      );
      expect(given, name).toEqual(expect.arrayContaining(required));
    }
  });

  test('every Job runs a program of the image, with variables that are documented', () => {
    const documented = read('.env.example');
    const jobs = workloads.filter(({ kind }) => kind.endsWith('Job'));
    for (const { name, spec } of jobs) {
      const [{ command = [], env = [] } = {}] = spec.containers;
      expect(existsSync(join(root, command[1]?.replace('/app/', '') ?? '')), command[1]).toBe(true);
      for (const { name: variable, value } of env) {
        expect(value).toBe(`${secretsPath}${settingOf(variable)}`);
        const line = settingOf(variable).replace(/^(AUTH|NOTIFICATION|WIKI)_/, '<SERVICE>_');
        expect(documented).toContain(`\n${line}=\n`);
      }
      expect(keysOf(spec, objects), name).toEqual(env.map((one) => settingOf(one.name)).toSorted());
    }
  });

  test('addresses lead to the ports that the services listen on', () => {
    for (const { name, spec } of servicesOf(objects)) {
      const { port } = serviceOf(name);
      const [http] = spec.containers[0]?.ports ?? [];
      expect(http).toEqual({ name: 'http', containerPort: port });
      const url = new URL(String(mesh && at(mesh, `data.${name.toUpperCase()}_SERVICE_URL`)));
      expect([url.protocol, url.hostname, Number(url.port)]).toEqual([tls ? 'https:' : 'http:', name, port]);
      const service = objects.find((object) => nameOf(object) === `Service/${name}`);
      expect(service && at(service, 'spec')).toMatchObject({ clusterIP: 'None' });
      const [{ startupProbe, livenessProbe, readinessProbe } = {}] = spec.containers;
      const asked = { port: 'http', ...(tls && { scheme: 'HTTPS' }) };
      expect(startupProbe?.httpGet).toEqual({ ...asked, path: '/livez' });
      expect(livenessProbe?.httpGet).toEqual({ ...asked, path: '/livez' });
      expect(readinessProbe?.httpGet).toEqual({ ...asked, path: '/readyz' });
    }
  });
});

interface Route {
  readonly backendRefs?: readonly Readonly<{ name: string; port: number }>[];
}

const everySetting = serviceNames.flatMap((name) => Object.keys(serviceOf(name).settings));

function settingOf(variable: string): string {
  return variable.replace(/_FILE$/, '');
}

/** Whether a variable names the file of a setting that a service reads. */
function isFileOf(settings: Readonly<Record<string, unknown>>): (variable: string) => boolean {
  return (variable) => variable.endsWith('_FILE') && settingOf(variable) in settings;
}

/** The keys of the Secrets that a pod mounts; in production, those that docs/kubernetes.md says to create. */
function keysOf({ volumes = [] }: Workload['spec'], objects: readonly KubernetesObject[]): readonly string[] {
  const names = volumes.flatMap(
    ({ projected }) => projected?.sources.flatMap(({ secret }) => (secret ? [secret.name] : [])) ?? [],
  );
  return names
    .flatMap((name) => {
      const secret = objects.find((object) => nameOf(object) === `Secret/${name}`);
      if (secret) return Object.keys(at(secret, 'data') ?? {});
      const [, keys = ''] =
        new RegExp(`^ *\\| \`${name}\` +\\| (.*?) *\\|`, 'm').exec(read('docs/kubernetes.md')) ?? [];
      return [...keys.matchAll(/`(\w+)`/g)].map(([, key = '']) => key);
    })
    .toSorted();
}

test('a stopping pod has the time that its service may need, and is left alone before it closes', () => {
  const objects = built.get('overlays/production') ?? [];
  const mesh = objects.find((object) => nameOf(object) === 'ConfigMap/mesh');
  const drainDelayMs = Number(mesh && at(mesh, 'data.DRAIN_DELAY_MS'));
  // The endpoints of a Service change within a second; CoreDNS lets its answers be kept for 5 s.
  expect(drainDelayMs).toBeGreaterThanOrEqual(1000 + 5000 + lookupIntervalMs());
  for (const { name, spec } of servicesOf(objects)) {
    const graceMs = (spec.terminationGracePeriodSeconds ?? 30) * 1000;
    expect(graceMs, name).toBeGreaterThan(drainDelayMs + longestStopMs());
  }
});

test('memory and options of Node are those of the images', () => {
  const [, megabytes] = /^x-service:[^]*?mem_limit: (\d+)m$/m.exec(read('docker/docker-compose.yml')) ?? [];
  for (const { name, spec } of servicesOf(all)) {
    const [container] = spec.containers;
    expect(container?.resources?.limits?.['memory'], name).toBe(`${megabytes}Mi`);
    // The image sets them, with its memory in mind; a variable here would replace them.
    expect(container?.env?.map(({ name: variable }) => variable)).not.toContain('NODE_OPTIONS');
  }
});

test('autoscalers use metrics that the adapter makes of metrics that services have', () => {
  const { rules } = parse(read('docker/kubernetes/components/autoscaling/prometheus-adapter.yaml')) as {
    rules: { custom: { seriesQuery: string; name: { as: string } }[] };
  };
  const offered = rules.custom.map(({ name }) => name.as);
  const used = all
    .filter(({ kind }) => kind === 'HorizontalPodAutoscaler')
    .flatMap((object) => at(object, 'spec.metrics') as { pods: { metric: { name: string } } }[]);
  expect(new Set(used.map(({ pods }) => pods.metric.name))).toEqual(new Set(offered));
  const operations = read('docs/operations.md');
  for (const { seriesQuery } of rules.custom) {
    const [metric = ''] = /^\w+?(?=_count\{|\{)/.exec(seriesQuery) ?? [];
    expect(operations).toContain(`\`${metric}\``);
    const files = ['call/procedure.ts', 'limits/admission-metrics.ts'];
    expect(files.some((file) => read(`mesh/src/server/${file}`).includes(`'${metric}'`))).toBe(true);
  }
});

test('a service has a certificate with its name, at the paths of its settings', () => {
  const objects = built.get('overlays/production-tls') ?? [];
  const mesh = objects.find((object) => nameOf(object) === 'ConfigMap/mesh');
  const paths = ['CERT', 'KEY', 'CA'].map((which) => mesh && at(mesh, `data.TLS_${which}_FILE`));
  for (const { name, spec } of servicesOf(objects)) {
    const certificate = objects.find((object) => nameOf(object) === `Certificate/${name}`);
    expect(certificate && at(certificate, 'spec')).toMatchObject({
      secretName: `${name}-tls`,
      uris: [`spiffe://arcadium/${name}`],
      dnsNames: expect.arrayContaining([name]) as unknown,
      usages: expect.arrayContaining(['server auth', 'client auth']) as unknown,
    });
    const mount = spec.containers[0]?.volumeMounts?.find((one) => one.name === 'tls');
    expect(paths).toEqual(['tls.crt', 'tls.key', 'ca.crt'].map((file) => `${mount?.mountPath}/${file}`));
    const volume = spec.volumes?.find((one) => one.name === 'tls');
    expect(volume?.secret?.secretName).toBe(`${name}-tls`);
  }
});
