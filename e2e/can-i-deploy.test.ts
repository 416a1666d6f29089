import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { withNotificationContract } from '../cli/src/contract/testing/changed-contract.ts';
import { serviceNames, startMesh, type TestMesh } from './src/mesh.ts';
import { compileCacheOf, root } from './src/process.ts';

// The command as a pipeline runs it, against the services of an environment that only its settings file names.

const administrator = { ADMIN_EMAIL: 'root@example.com', ADMIN_PASSWORD: randomUUID() };

let mesh: TestMesh;
beforeAll(async () => {
  mesh = await startMesh(administrator);
});
afterAll(() => mesh?.[Symbol.asyncDispose]());

/** Writes the settings file of an environment, beside those of the checkout. @returns Its name. */
function environment(settings: Readonly<Record<string, string>> = {}): string {
  const name = `e2e-${randomUUID()}`;
  const file = join(root, `.env.${name}`);
  const urls = serviceNames.map((service) => [`${service.toUpperCase()}_SERVICE_URL`, mesh.url(service)]);
  const all = { ...(Object.fromEntries(urls) as Record<string, string>), ...administrator, ...settings };
  const lines = Object.entries(all).map(([setting, value]) => `${setting}=${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  onTestFinished(() => rmSync(file));
  return name;
}

function canIDeploy(...words: string[]) {
  const { PATH = '', HOME = '' } = process.env;
  return new Promise<{ code: number; out: string; err: string }>((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'cli/src/mesh.ts'), 'can-i-deploy', ...words],
      { env: { PATH, HOME, ...compileCacheOf(root) } },
      (error, out, err) => resolve({ code: error ? Number(error.code) : 0, out, err }),
    ).stdin?.end();
  });
}

/** Contracts where the answer of notification has another field. */
const changed = () => join(withNotificationContract(['outcome: z.enum(', 'result: z.enum(']), 'contracts');

interface Answer {
  environment: string;
  pairs: { client: string; server: string; url: string; findings: { rule: string }[] }[];
  unknown: string[];
}

test('what runs there may be deployed again: its callers and those it calls are compared', async () => {
  const to = environment();
  const { code, out, err } = await canIDeploy('wiki', '--to', to);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  expect(out).toMatch(
    new RegExp(`^wiki can be deployed to ${to}: \\d+ pairs of client and server compared\\.$`, 'm'),
  );
  const json = await canIDeploy('wiki', '--to', to, '--json');
  const answer = JSON.parse(json.out) as Answer;
  expect({ ...answer, code: json.code }).toMatchObject({ code: 0, environment: to, unknown: [] });
  for (const server of ['auth', 'notification'] as const)
    expect(answer.pairs).toContainEqual({ client: 'wiki', server, url: mesh.url(server), findings: [] });
});

test('a server that breaks a caller there may not', async () => {
  const words = ['notification', '--to', environment(), '--contracts', changed()];
  const { code, out } = await canIDeploy(...words);
  expect(code).toBe(1);
  expect(out).toMatch(
    /^breaking: wiki → notification\.notifications\.send output\.outcome: a required property/m,
  );
  expect(out).toMatch(/^notification cannot be deployed to /m);
  const json = await canIDeploy(...words, '--json');
  expect(json.code).toBe(1);
  const broken = (JSON.parse(json.out) as Answer).pairs.filter(({ findings }) => findings.length > 0);
  expect(broken.map(({ client, server }) => `${client} ${server}`)).toContain('wiki notification');
  expect(broken.flatMap(({ findings }) => findings).map(({ rule }) => rule)).toContain(
    'property-removed-required',
  );
});

test('a caller that needs what a server there does not answer may not', async () => {
  const { code, out } = await canIDeploy('wiki', '--to', environment(), '--contracts', changed());
  expect(code).toBe(1);
  expect(out).toMatch(/^breaking: wiki → notification\.notifications\.send output\.result: /m);
  expect(out).toContain(`(${mesh.url('notification')})`);
});

test('with a wrong password nothing can be compared', async () => {
  const to = environment({ ADMIN_PASSWORD: 'not the password' });
  const why = `Auth at ${mesh.url('auth')} does not know root@example.com with this password`;
  const { code, out } = await canIDeploy('wiki', '--to', to);
  expect(code).toBe(2);
  expect(out).toContain(`unknown: The service asks for an administrator. ${why}\n`);
  expect(out).toMatch(new RegExp(`^Whether wiki can be deployed to ${to} is not known: 0 pairs`, 'm'));
  const json = await canIDeploy('wiki', '--to', to, '--json');
  expect(json.code).toBe(2);
  expect(JSON.parse(json.out)).toMatchObject({
    pairs: [],
    unknown: serviceNames.map(() => expect.stringContaining(why)),
  });
});

test.each([
  [
    'an environment without a file',
    ['wiki', '--to', 'e2e-nosuch'],
    'set WIKI_SERVICE_URL in .env.e2e-nosuch',
  ],
  ['a name that is not one of an environment', ['wiki', '--to', '../up'], 'ENVIRONMENT cannot be "../up"'],
  ['a service that is not here', ['wikki', '--to', 'e2e-nosuch'], 'There is no service "wikki"'],
])('%s ends with 2, not with the code of a break', async (_name, words, message) => {
  for (const more of [[], ['--json']]) {
    const { code, out, err } = await canIDeploy(...words, ...more);
    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(message);
  }
});
