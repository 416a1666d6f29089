import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, serviceNames } from '../workspace.ts';
import { readEnvExample } from './env-example.ts';
import { readServiceSettings } from './service-settings.ts';

const documented = readEnvExample(root);
const byName = new Map(documented.map((setting) => [setting.name, setting]));

/** The settings that the services declare in config.ts. */
const services = new Map(
  await Promise.all(
    serviceNames().map(async (name) => [name, await readServiceSettings(root, name)] as const),
  ),
);

/** The names that the sources read from the environment, except those declared in config.ts. */
function namesInSources(): Set<string> {
  const sources = globSync(['{mesh,postgres,prisma,cli,services/*,e2e,docker}/**/*.{ts,mjs}', '*.ts'], {
    cwd: root,
    exclude: ['**/node_modules/**', '**/generated/**', '**/*.test.ts', '**/testing/testing.ts'],
  });
  const composed = globSync('docker/*.yml', { cwd: root });
  return new Set([
    ...sources.flatMap((file) =>
      find(file, /(?:process\.env|environment|settings)(?:\.|\[')([A-Z][A-Z0-9_]+)/g),
    ),
    ...sources.flatMap(destructured),
    ...composed.flatMap((file) => find(file, /\$\{([A-Z_]+)/g)),
  ]);
}

/** The names in destructurings such as `const { PORT } = process.env`. */
function destructured(file: string): string[] {
  const lists = find(file, /\{([^{}]*)\}(?:: Environment\b| = (?:process\.env|settingsOf|readConfig)\b)/g);
  return lists.flatMap((list) => list.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []);
}

function find(file: string, pattern: RegExp): string[] {
  return [...readFileSync(join(root, file), 'utf8').matchAll(pattern)].flatMap(([, name]) => name ?? []);
}

/** Names that users do not set: the system, a tool or a test passes them on. */
const passedOn = [
  'PATH',
  'HOME',
  'XDG_CACHE_HOME',
  'CI',
  'NODE_ENV',
  'NODE_COMPILE_CACHE',
  'NODE_COMPILE_CACHE_PORTABLE',
  'CHROME_PATH',
  'GITHUB_REPOSITORY',
  'GITHUB_SERVER_URL',
  'COMPOSE_PROJECT_NAME',
  'PRISMA_SERVICE',
  'PRISMA_SCHEMA_ENGINE_BINARY',
  'CLOCK_FOLDER',
  'UPGRADE_FROM',
];

test('every setting that a service reads is documented, with its default, in its place', () => {
  for (const [service, settings] of services) {
    const places = [
      '.env',
      '.env or services/<name>/.env',
      'services/<name>/.env',
      `services/${service}/.env`,
    ];
    for (const [name, schema] of Object.entries(settings)) {
      // Documented for all settings at once, in the first lines.
      if (!byName.has(name) && name.replace(/_FILE$/, '') in settings) continue;
      const setting = byName.get(name);
      expect(setting, `${name} of ${service}`).toBeDefined();
      expect(places, `the place of ${name}`).toContain(setting?.place);
      const fallback = schema.safeParse(undefined).data;
      expect(setting?.value, `the default of ${name} in ${service}`).toBe(
        fallback === undefined ? '' : String(fallback),
      );
    }
  }
});

test('what else the code reads is documented', () => {
  const undocumented = [...namesInSources()].filter(
    (name) => !byName.has(name) && !byName.has(name.replace(/_FILE$/, '')),
  );
  expect(undocumented.filter((name) => !passedOn.includes(name))).toEqual([]);
});

test('nothing is documented that nothing reads', () => {
  const read = new Set([
    ...namesInSources(),
    ...[...services.values()].flatMap((settings) => Object.keys(settings)),
  ]);
  const provisioned = find('postgres/src/provision/main.ts', /\$\{prefix\}(_[A-Z_]+)/g).map(
    (rest) => `<SERVICE>${rest}`,
  );
  const known = new Set([...read, ...provisioned]);
  expect(documented.map(({ name }) => name).filter((name) => !known.has(name))).toEqual([]);
});

test('each is explained in a line, those with a number in a unit', () => {
  for (const { name, explanation, value } of documented) {
    expect(explanation.length, name).toBeGreaterThan(10);
    if (name.endsWith('_MS')) expect(explanation, name).toContain('in milliseconds');
    if (name.endsWith('_DAYS')) expect(explanation, name).toContain('in days');
    if (value === '') expect(explanation, name).toMatch(/set-up|\bif\b|only for provision|instead/);
  }
  expect(documented).toHaveLength(byName.size);
});
