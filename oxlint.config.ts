import { readdirSync } from 'node:fs';
import { defineConfig, type OxlintOverride } from 'oxlint';

// Import directions (docs/architecture.md), as tables, followed by the other rules. A default export, because
// oxlint requires one.

/** The folders of the mesh, and the folders that each may import. */
const base = ['wire', 'resilience', 'telemetry', 'config', 'tls', 'clock'];
const rooms: Record<string, readonly string[]> = {
  wire: [],
  contract: ['wire'],
  resilience: ['wire'],
  telemetry: ['wire'],
  exposition: ['wire'],
  config: ['telemetry', 'resilience', 'clock'],
  tls: ['telemetry', 'config'],
  clock: ['resilience', 'telemetry', 'tls'],
  'contract-check': ['contract', ...base],
  reference: ['contract', 'wire'],
  identity: ['contract', ...base],
  issuer: ['identity', ...base],
  health: ['contract', ...base],
  client: ['contract', 'contract-check', 'identity', 'health', ...base],
  link: ['client', 'contract', ...base],
  server: ['contract', 'reference', 'identity', 'health', ...base],
  testing: ['contract', 'identity', 'issuer', 'health', 'client', 'server', ...base],
};

const services = readdirSync('services');

type Restriction = { group: string[]; message: string };

function restrict(files: string[], patterns: Restriction[]): OxlintOverride {
  return { files, rules: { 'no-restricted-imports': ['error', { patterns }] } };
}

const roomRules = Object.entries(rooms).map(([room, allowed]) =>
  restrict(
    [`mesh/src/${room}/**/*.ts`],
    [
      {
        group: Object.keys(rooms)
          .filter((other) => other !== room && !allowed.includes(other))
          .map((other) => `**/${other}/*.ts`),
        message: `mesh/${room} may import: ${allowed.join(', ') || 'no other room'}.`,
      },
      {
        group: Object.keys(rooms).flatMap((other) =>
          other === room ? [] : [`**/${other}/*.ts`, `!**/${other}/index.ts`, `!**/${other}/core.ts`],
        ),
        message: 'Another room is imported through its index.ts, or its core.ts.',
      },
      { group: ['@arcadium/**'], message: 'The mesh knows no service by name.' },
    ],
  ),
);

const contractRules = restrict(
  ['contracts/**/*.ts'],
  [
    {
      group: ['@arcadium/**', '!@arcadium/mesh/contract', 'node:*'],
      message: 'Contracts import mesh/contract and zod, nothing else.',
    },
  ],
);

const knowsNoService =
  'postgres imports the mesh alone: names of services, schemas and folders are parameters.';
const postgresRules = [
  restrict(
    ['postgres/**/*.ts'],
    [
      { group: ['@arcadium/**', '!@arcadium/mesh/*'], message: knowsNoService },
      { group: ['**/contracts/**', '**/prisma/src/**', '**/services/**'], message: knowsNoService },
    ],
  ),
  // Tests run on the schemas of this repository.
  restrict(
    ['postgres/**/*.test.ts', 'postgres/**/testing/**'],
    [{ group: ['@arcadium/**', '!@arcadium/mesh/*', '!@arcadium/prisma/*'], message: knowsNoService }],
  ),
];

const prismaRules = restrict(
  ['prisma/**/*.ts'],
  [
    {
      group: ['@arcadium/**', '!@arcadium/mesh/*', '!@arcadium/postgres/*'],
      message: 'Schemas import mesh and postgres, nothing else.',
    },
  ],
);

const serviceRules = services.map((service) => {
  const others = services.filter((other) => other !== service);
  return restrict(
    [`services/${service}/**/*.ts`],
    [
      {
        group: others.flatMap((other) => [
          `@arcadium/${other}`,
          `@arcadium/${other}/**`,
          `**/services/${other}/**`,
        ]),
        message: 'A service imports no other service: call it through its contract.',
      },
      {
        group: [
          ...others.map((other) => `@arcadium/prisma/${other}`),
          '@arcadium/postgres/provision',
          '@arcadium/postgres/embedded',
        ],
        message: 'A service reads its own schema only.',
      },
    ],
  );
});

export default defineConfig({
  plugins: ['typescript', 'unicorn', 'oxc', 'import', 'node', 'promise', 'vitest'],
  categories: { correctness: 'error', suspicious: 'error', perf: 'error' },
  env: { builtin: true, es2026: true, node: true },
  // Templates for this repository import what only their services have: linted as parts of one.
  ignorePatterns: ['**/generated/**', 'cli/service-template/**'],
  rules: {
    eqeqeq: 'error',
    'max-lines': ['error', { max: 400 }],
    'max-params': ['error', { max: 4 }],
    'no-console': 'error',
    'node/no-process-env': 'error',
    'import/no-cycle': ['error', { ignoreTypes: false }],
    'import/no-default-export': 'error',
    'import/no-self-import': 'error',
    'typescript/await-thenable': 'error',
    'typescript/consistent-type-imports': 'error',
    'typescript/no-explicit-any': 'error',
    'typescript/no-floating-promises': 'error',
    'typescript/no-misused-promises': 'error',
    'typescript/no-non-null-assertion': 'error',
    'typescript/only-throw-error': 'error',
    'typescript/return-await': ['error', 'error-handling-correctness-only'],
    'typescript/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
    'vitest/valid-expect': ['error', { maxArgs: 2 }],

    // Off, because these patterns are intended here.
    'import/no-named-as-default-member': 'off',
    'no-await-in-loop': 'off',
    'no-underscore-dangle': 'off',
    'promise/always-return': 'off',
    'typescript/no-generated-empty-object-type': 'off',
    'typescript/no-unsafe-enum-comparison': 'off',
    'typescript/no-unsafe-type-assertion': 'off',
    'typescript/require-array-sort-compare': 'off',
    'typescript/unbound-method': 'off',
    'unicorn/consistent-function-scoping': 'off',
    'unicorn/prefer-set-has': 'off',
    'vitest/no-conditional-expect': 'off',
    'vitest/require-mock-type-parameters': 'off',
    'vitest/require-to-throw-message': 'off',
  },
  overrides: [
    ...roomRules,
    contractRules,
    ...postgresRules,
    prismaRules,
    ...serviceRules,
    // Its edits of models are changed copies.
    { files: ['mesh/src/contract-check/testing/**'], rules: { 'oxc/no-map-spread': 'off' } },
    // Tests use both ends.
    { files: ['mesh/**/*.test.ts', 'mesh/**/*.test-d.ts'], rules: { 'no-restricted-imports': 'off' } },
    {
      files: [
        '**/config.ts',
        'mesh/src/config/**',
        'cli/**',
        'create-arcadium/template/scripts/**',
        'postgres/src/testing/**',
        'prisma/**',
        'docker/*.mjs',
        'e2e/**',
        'bench/**',
        'examples/**',
        '**/{vite,vitest}.config.ts',
        '**/*.test.ts',
      ],
      rules: { 'node/no-process-env': 'off' },
    },
    {
      files: [
        'cli/**',
        'create-arcadium/src/main.ts',
        'create-arcadium/template/scripts/**',
        'postgres/src/{backup,provision}/main.ts',
        'prisma/src/{generate,migration}.ts',
        '.ci/**',
        'docker/*.mjs',
        'e2e/**',
        'bench/**',
        'examples/**',
      ],
      rules: { 'no-console': 'off' },
    },
    {
      files: ['services/dashboard/page/src/**'],
      plugins: ['typescript', 'unicorn', 'oxc', 'import', 'promise', 'react', 'jsx-a11y'],
      env: { browser: true },
      rules: {
        'import/no-unassigned-import': ['error', { allow: ['**/*.css'] }],
        // A drawing on a canvas and a listbox of rows have no tag.
        'jsx-a11y/prefer-tag-over-role': 'off',
        // JSX is compiled without it.
        'react/react-in-jsx-scope': 'off',
      },
    },
    {
      files: ['*.config.ts', '**/vite.config.ts', '**/prisma.config.ts'],
      rules: { 'import/no-default-export': 'off' },
    },
  ],
});
