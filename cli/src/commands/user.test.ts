import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import { silentLogger as log } from '@arcadium/mesh/testing';
import { Secret, TOTP } from 'otpauth';
import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { administrator, longMs, meshProgram, startAuth, type RunningAuth } from '../testing/running-auth.ts';

// Runs the commands as an operator would, against a real auth process.

const password = 'a first password to keep';

let auth: RunningAuth;
beforeAll(async () => {
  auth = await startAuth();
}, longMs);
afterAll(() => auth[Symbol.asyncDispose]());

/** Runs a command that must succeed. */
async function done(words: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await auth.mesh(words, input === undefined ? {} : { input });
  expect(code, err).toBe(0);
  return out.trim();
}

/** Runs a command that must fail. @returns Its line. */
async function failed(words: readonly string[], input?: string): Promise<string> {
  const { code, out, err } = await auth.mesh(words, input === undefined ? {} : { input });
  expect({ code, out }).toEqual({ code: 1, out: '' });
  return err.trim();
}

const create = async (name: string, ...more: string[]) => {
  const email = `${name.toLowerCase()}-${randomUUID()}@example.com`;
  const made = await done(['user', 'create', email, '--name', name, '--json', ...more], `${password}\n`);
  return JSON.parse(made) as { id: string; email: string; role: string };
};

const anyone = () => connect(authContract, { as: 'anyone', url: auth.url, log });

async function logIn(email: string) {
  await using client = anyone();
  return await client.sessions.login.mutate({ email, password });
}

test(
  'an account is created, listed, shown, promoted, disabled and enabled',
  async () => {
    const ann = await create('Ann', '--role', 'admin');
    expect(ann.role).toBe('admin');
    await logIn(ann.email);
    expect(
      JSON.parse(await done(['user', 'list', '--search', ann.email.toUpperCase(), '--json'])),
    ).toMatchObject([{ id: ann.id, name: 'Ann', role: 'admin', secondFactor: false }]);
    expect(await done(['user', 'show', ann.email])).toMatch(/active sessions: 1, last used \d{4}-/);
    expect(JSON.parse(await done(['user', 'role', ann.email, 'user', '--json']))).toMatchObject({
      role: 'user',
    });
    expect(await done(['user', 'disable', ann.id])).toMatch(/^id +email .*\n─+/);
    const shown = JSON.parse(await done(['user', 'show', ann.id, '--json'])) as object;
    expect(shown).toMatchObject({ disabledAt: expect.any(String), sessions: { active: 0 } });
    await expect(logIn(ann.email)).rejects.toMatchObject({ data: { code: 'UNAUTHORIZED' } });
    await done(['user', 'enable', ann.email]);
    await logIn(ann.email);
    expect(await done(['user', 'end-sessions', ann.email])).toBe('1');
    expect(await done(['user', 'end-sessions', ann.email, '--json'])).toBe('{"sessionsEnded":0}');
  },
  longMs,
);

test(
  'a list is cut where it is asked to be, and says so',
  async () => {
    await create('Limited');
    await create('Limited');
    const { out, err } = await auth.mesh(['user', 'list', '--search', 'limited', '--limit', '1', '--json']);
    expect(JSON.parse(out)).toHaveLength(1);
    expect(err).toContain('raise --limit');
    expect((await auth.mesh(['user', 'list', '--search', 'limited', '--json'])).err).toBe('');
  },
  longMs,
);

test(
  'a second factor is reset; and an administrator with one logs in here with its code',
  async () => {
    const { email } = await create('Ben', '--role', 'admin');
    const { accessToken: token } = await logIn(email);
    await using self = connect(authContract, { as: 'user', url: auth.url, token, log });
    const { secret } = await self.totp.enroll.mutate({ password });
    const totp = new TOTP({ secret: Secret.fromBase32(secret) });
    const { recoveryCodes } = await self.totp.confirm.mutate({ code: totp.generate() });
    const [first = '', second = ''] = recoveryCodes;
    const as = ['--email', email, 'user', 'show', email, '--json'];
    const environment = { MESH_PASSWORD: password };
    const given = await auth.mesh(as, { environment: { ...environment, MESH_CODE: first } });
    expect(given, given.err).toMatchObject({ code: 0 });
    expect(await auth.mesh(as, { environment, input: `${second}\n` })).toMatchObject({ code: 0 });
    const used = await auth.mesh(as, { environment, input: `${second}\n` });
    expect(used).toMatchObject({ code: 1, err: expect.stringContaining('refuses this code') });
    expect((await auth.mesh(as, { environment })).err).toContain('No code was given');
    const own = ['--email', email, 'user', 'reset-second-factor', email];
    const refused = await auth.mesh(own, {
      environment: { ...environment, MESH_CODE: recoveryCodes[2] ?? '' },
    });
    expect(refused.err.trim()).toBe(
      'You turn off your own second factor with your password and a code (totp.disable) (OWN_SECOND_FACTOR)',
    );
    expect(await done(['user', 'reset-second-factor', email])).toContain(' off ');
    await logIn(email);
  },
  longMs,
);

test.each<[string, string[], string | undefined, string]>([
  [
    'the last administrator',
    ['user', 'role', administrator.ADMIN_EMAIL, 'user'],
    undefined,
    'LAST_ADMINISTRATOR',
  ],
  ['the last administrator', ['user', 'disable', administrator.ADMIN_EMAIL], undefined, 'LAST_ADMINISTRATOR'],
  [
    'a user that does not exist',
    ['user', 'show', 'no-one@example.com'],
    undefined,
    'There is no user "no-one@',
  ],
  ['an id of nothing', ['user', 'disable', randomUUID()], undefined, 'There is no user "'],
  ['what is neither', ['user', 'enable', 'ann'], undefined, 'neither an email address nor the id'],
  ['another role', ['user', 'role', 'a@example.com', 'root'], undefined, 'Allowed choices are user, admin.'],
  ['no first password', ['user', 'create', 'x@example.com', '--name', 'X'], undefined, 'No first password'],
  ['a short one', ['user', 'create', 'x@example.com', '--name', 'X'], 'short\n', 'The password is too short'],
  [
    'a taken address',
    ['user', 'create', administrator.ADMIN_EMAIL, '--name', 'X'],
    `${password}\n`,
    'EMAIL_TAKEN',
  ],
  ['a count that is none', ['user', 'list', '--limit', '0'], undefined, 'It must be a number'],
  ['an event that is none', ['audit', '--action', 'nosuch'], undefined, 'Allowed choices are account.opened'],
  ['a time that is none', ['audit', '--since', 'yesterday'], undefined, 'It must be a time such as'],
])(
  '%s is refused in a line (%j)',
  async (what, words, input, message) => {
    if (what === 'the last administrator') await demoteOthers();
    const line = await failed(words, input);
    expect(line).toContain(message);
    expect(line.split('\n')).toHaveLength(1);
  },
  longMs,
);

async function demoteOthers(): Promise<void> {
  await query(`UPDATE auth.users SET role = 'user' WHERE email <> $1`, [administrator.ADMIN_EMAIL]);
}

async function query(sql: string, values: unknown[]): Promise<void> {
  const client = new Client(auth.database.ownerUrl('auth'));
  await client.connect();
  await client.query(sql, values);
  await client.end();
}

const plant = `INSERT INTO auth.audit_log (id, event, actor_kind, actor_id, subject, at)
  VALUES (uuidv7(), 'account.enabled', 'service', $1, $2, $3)`;

test(
  'the audit log is narrowed, oldest first, and says who did what',
  async () => {
    const { id, email } = await create('Cleo');
    await done(['user', 'role', email, 'admin']);
    const read = async (...words: string[]) =>
      JSON.parse(await done(['audit', '--subject', id, '--json', ...words])) as { event: string }[];
    const events = (await read()).map(({ event }) => event);
    expect(events).toEqual(['account.opened', 'account.role-changed']);
    expect(await read('--action', 'account.opened')).toHaveLength(1);
    expect(await read('--actor', administrator.ADMIN_EMAIL, '--since', '1h')).toHaveLength(2);
    expect(await read('--actor', 'wiki')).toEqual([]);
    expect(await read('--since', '2999-01-01')).toEqual([]);
    expect((await read('--limit', '1')).map(({ event }) => event)).toEqual(['account.role-changed']);
    expect(await done(['audit', '--subject', id])).toMatch(/^at +event .*\n─+[^]*role=user\n[^]*to=admin/);
  },
  longMs,
);

test(
  'the audit log is followed: each entry once, also one that is committed after a later one',
  async () => {
    const [actor, subject] = ['follower', randomUUID()];
    const at = (ms: number) => new Date(Date.parse('2026-01-01T00:00:00Z') + ms).toISOString();
    await query(plant, [actor, `${subject}-1`, at(1000)]);
    await query(plant, [actor, `${subject}-2`, at(2000)]);
    const words = ['audit', '--actor', actor, '--follow', '--json', '--limit', '1'];
    const child = spawn(process.execPath, [meshProgram, ...words], { env: auth.environment() });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const next = async () => {
      const { value } = (await lines.next()) as { value?: string };
      return (JSON.parse(value ?? '{}') as { subject: string }).subject.slice(subject.length);
    };
    expect(await next()).toBe('-2');
    await query(plant, [actor, `${subject}-4`, at(4000)]);
    expect(await next()).toBe('-4');
    await query(plant, [actor, `${subject}-3`, at(3000)]);
    expect(await next()).toBe('-3');
    await query(plant, [actor, `${subject}-5`, at(60_000)]);
    expect(await next()).toBe('-5');
    const ended = once(child, 'exit');
    child.kill('SIGINT');
    expect(await ended).toEqual([0, null]);
  },
  longMs,
);
