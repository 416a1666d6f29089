import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { categories, type CheckId } from './check-id.ts';
import { diagnose, type DiagnoseOptions, type Diagnosis } from './diagnose.ts';
import { asJson, asText, exitCodeOf } from './report.ts';
import { checks } from './table.ts';
import type { Fault, Faults } from './testing/fault.ts';
import {
  clocksFaults,
  environmentFaults,
  keysFaults,
  machineFaults,
  secretsFaults,
} from './testing/faults-of-checkout.ts';
import {
  databaseFaults,
  migrationsFaults,
  outboxFaults,
  poolsFaults,
  rolesFaults,
} from './testing/faults-of-database.ts';
import {
  contractsFaults,
  plantGoodTls,
  portsFaults,
  servicesFaults,
  tlsFaults,
  versionsFaults,
} from './testing/faults-of-services.ts';
import { HealthyMesh } from './testing/healthy-mesh.ts';
import { pageOf } from './testing/page.ts';

// Every check finds the fault that is planted for it, in a mesh that is otherwise healthy: a real PostgreSQL and the
// four services as processes.

const faults: Faults = {
  ...machineFaults,
  ...environmentFaults,
  ...secretsFaults,
  ...clocksFaults,
  ...keysFaults,
  ...databaseFaults,
  ...rolesFaults,
  ...migrationsFaults,
  ...poolsFaults,
  ...outboxFaults,
  ...portsFaults,
  ...servicesFaults,
  ...versionsFaults,
  ...contractsFaults,
  ...tlsFaults,
};

/** The one that a process has from its start: its own test is below. */
const elsewhere: CheckId = 'machine.open-files';

/** Each answer may take long on a busy machine. */
const patienceMs = 30_000;

let mesh: HealthyMesh;
beforeAll(async () => {
  mesh = await HealthyMesh.start();
});
afterEach(() => mesh.restore());
afterAll(() => mesh?.[Symbol.asyncDispose]());

function look(options: Partial<DiagnoseOptions> = {}): Promise<Diagnosis> {
  return diagnose({ root: mesh.root, environment: {}, patienceMs, ...options });
}

function idsOf({ findings }: Pick<Diagnosis, 'findings'>): CheckId[] {
  return [...new Set(findings.map(({ check }) => check.id))].toSorted();
}

test('every check has a planted fault, and an id of its own in a category', () => {
  const ids = checks.map(({ id }) => id);
  expect([...Object.keys(faults), elsewhere].toSorted()).toEqual(ids.toSorted());
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(categories).toContain(id.split('.')[0]);
  for (const { title, remedy } of checks)
    for (const text of [title, remedy]) expect(text).toMatch(/^\S.{9,}$/);
});

test('docs/doctor.md has every check, as it is in the code', async () => {
  const page = join(root, 'docs/doctor.md');
  const [written] = /^.*<!-- Below.*?-->/s.exec(readFileSync(page, 'utf8')) ?? [''];
  await expect(`${written}\n\n${pageOf(checks)}\n`).toMatchFileSnapshot(page);
});

test('a healthy mesh gives no finding, and every check is made', async () => {
  const diagnosis = await look();
  expect(JSON.parse(asJson(diagnosis))).toMatchObject({ findings: [], skipped: [], failed: [] });
  expect(exitCodeOf(diagnosis)).toBe(0);
  expect(asText(diagnosis, false)).toMatch(/checks: nothing found$/);
  expect(asText(diagnosis, true)).toContain('\u001B[');
});

test('TLS as it should be gives no finding', async () => {
  plantGoodTls(mesh);
  const diagnosis = await look();
  expect(JSON.parse(asJson(diagnosis))).toMatchObject({ findings: [], failed: [] });
});

describe.each(Object.entries(faults) as [CheckId, Fault][])('%s', (id, fault) => {
  test.skipIf(!process.env['CI'] && fault.possible?.() === false)('is found', async () => {
    const options = await fault.plant(mesh);
    const diagnosis = await look(options ?? {});
    expect(diagnosis.failed.map(({ check, where, reason }) => [check.id, where, reason])).toEqual([]);
    expect(idsOf(diagnosis), asText(diagnosis, false)).toEqual([id, ...(fault.also ?? [])].toSorted());
    const { check } = diagnosis.findings.find((finding) => finding.check.id === id) ?? {};
    expect(exitCodeOf(diagnosis) === 1).toBe(
      diagnosis.findings.some((finding) => finding.check.severity === 'error'),
    );
    expect(asText(diagnosis, false)).toContain(check?.remedy);
  });
});

type Ended = { code: number; out: string; err: string };

/** Runs the command, in a shell. */
function run(command: string, environment: Record<string, string> = {}): Promise<Ended> {
  const { PATH = '' } = process.env;
  const env = { PATH, ENVIRONMENT: 'doctor-test', NODE: process.execPath, ...environment };
  return new Promise((resolve) => {
    execFile('sh', ['-c', command], { cwd: root, env }, (error, out, err) =>
      resolve({ code: error ? Number(error.code) : 0, out, err }),
    );
  });
}

const doctor = 'exec "$NODE" --disable-warning=ExperimentalWarning cli/src/mesh.ts';

describe('the command', () => {
  test.skipIf(process.platform !== 'linux')(`finds ${elsewhere}`, async () => {
    const only = `doctor --only ${elsewhere} --json`;
    const low = await run(`ulimit -n 512; ${doctor} ${only}`);
    expect(JSON.parse(low.out)).toMatchObject({ findings: [{ id: elsewhere, severity: 'warning' }] });
    expect(low.code).toBe(0);
    expect(JSON.parse((await run(`${doctor} ${only}`)).out)).toMatchObject({ findings: [] });
  });

  test('ends with 1 if there are errors, by its other name too, and skips what needs them', async () => {
    const { code, out, err } = await run(`${doctor} check --category environment keys`);
    expect({ code, err }).toEqual({ code: 1, err: '' });
    expect(out).toContain('docs/doctor.md#environment.not-set-up');
    expect(out).toMatch(/skipped, needs "[^"]+" \(environment\.\S+\): keys\./);
    expect(out).not.toContain('\u001B');
    expect(out).not.toMatch(/^. machine/m);
  });

  test.each([
    ['doctor --category nowhere', 'There is no category "nowhere". Choose from: machine, '],
    ['doctor --only keys.nowhere', 'There is no check "keys.nowhere". Choose from: keys.'],
    ['doctor --patience soon', '--patience takes seconds, not soon'],
  ])('%s ends with 2', async (words, message) => {
    const { code, out, err } = await run(`${doctor} ${words}`);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  });

  test('lists its checks', async () => {
    const { out } = await run(`${doctor} doctor --list`);
    expect(out.trim().split('\n')).toHaveLength(checks.length);
  });
});

test('what takes too long could not be checked', async () => {
  const { DATABASE_OWNER_URL: url = '' } = mesh.settings('notification');
  const { withClient } = await import('@arcadium/postgres/testing');
  await withClient(url, undefined, async (client) => {
    await client.query('BEGIN; LOCK TABLE notification._prisma_migrations');
    const diagnosis = await look({ only: ['migrations'], patienceMs: 1500 });
    expect(diagnosis.failed.map(({ check }) => check.id)).toContain('migrations.pending');
    expect(exitCodeOf(diagnosis)).toBe(2);
  });
});
