import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfig } from '@arcadium/mesh/config';
import { publicPart } from '@arcadium/mesh/identity';
import { createTestIdentity, recordingLogger } from '@arcadium/mesh/testing';
import { SMTPServer } from 'smtp-server';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { email } from './alerts/email.ts';
import { alertMessage } from './alerts/message.ts';
import { webhook } from './alerts/webhook.ts';
import { settings } from './config.ts';
import { AlertQueue, type AlertChannel } from './jobs/alert-queue.ts';
import { followSecretFiles } from './secret-files.ts';
import { openReceiver } from './testing/receiver.ts';

// Each secret is replaced in its file while it is used: nothing is lost, refused or tried a second time.

let folder: string;
const cleanups: (() => unknown)[] = [];
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'arcadium-dashboard-'))));
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  rmSync(folder, { recursive: true });
});

type Setting = 'OTLP_TOKEN' | 'ALERT_WEBHOOK_URL' | 'SMTP_URL';

/** A finished file is renamed over the old one. */
function replace(setting: Setting, value: string): string {
  const path = join(folder, setting);
  writeFileSync(`${path}.new`, `${value}\n`);
  renameSync(`${path}.new`, path);
  return path;
}

/** The secrets as `startApp` follows them, one of them in a file. */
async function follow(setting: Setting, value: string) {
  const identity = await createTestIdentity();
  const config = readConfig(settings, {
    PUBLIC_KEYS: JSON.stringify({ keys: [publicPart(identity.jwk)] }),
    SERVICE_TOKEN: await identity.serviceToken('dashboard'),
    [`${setting}_FILE`]: replace(setting, value),
  });
  const log = recordingLogger();
  const { secrets, files } = followSecretFiles({ ...config, watched: new Map() }, log);
  for (const file of files) {
    await file.start();
    cleanups.push(() => file.stop());
  }
  return { secrets, log };
}

/** Adds an alert every few milliseconds until `stop`. */
function alerting(channel: AlertChannel) {
  const log = recordingLogger();
  const queue = new AlertQueue({ channel, log, backoff: { baseMs: 5 } });
  cleanups.push(() => queue.stop());
  let added = 0;
  const timer = setInterval(() => {
    added += 1;
    const incident = {
      id: added,
      service: 'wiki',
      startedAt: 0,
      endedAt: null,
      reason: 'connection refused',
    };
    queue.add(alertMessage(incident, 'http://localhost:8080'));
  }, 20);
  cleanups.push(() => clearInterval(timer));
  return {
    /** Stops, and waits until all are sent. @returns Their number. */
    async stop() {
      clearInterval(timer);
      await vi.waitFor(() => expect(log.lines).toHaveLength(added), { timeout: 20_000 });
      return added;
    },
    lines: log.lines,
  };
}

test('a changed webhook gets the alerts from then on', async () => {
  const got: string[] = [];
  const server = createServer((request, response) => {
    got.push(request.url ?? '');
    response.writeHead(204).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => server.close());
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { secrets } = await follow('ALERT_WEBHOOK_URL', `${base}/first`);
  const alerts = alerting(webhook(() => secrets.ALERT_WEBHOOK_URL ?? ''));
  await vi.waitFor(() => expect(got).toContain('/first'));
  replace('ALERT_WEBHOOK_URL', `${base}/second`);
  await vi.waitFor(() => expect(got).toContain('/second'), { timeout: 20_000 });
  const sent = await alerts.stop();
  expect(got).toHaveLength(sent);
  expect(got.slice(got.indexOf('/second'))).not.toContain('/first');
});

test('a changed SMTP_URL is used by the next email', async () => {
  let mails = 0;
  const valid = new Set(['first']);
  const used: string[] = [];
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth({ password }, _session, done) {
      used.push(password ?? '');
      return valid.has(password ?? '') ? done(null, { user: 'ops' }) : done(new Error('no such password'));
    },
    onData(stream, _session, done) {
      mails += 1;
      stream.resume().on('end', done);
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise<void>((resolve) => server.close(resolve)));
  const { port } = server.server.address() as AddressInfo;
  const urlWith = (password: string) => `smtp://ops:${password}@127.0.0.1:${port}`;
  const { secrets, log } = await follow('SMTP_URL', urlWith('first'));
  const from = 'dashboard@example.com';
  const alerts = alerting(email({ smtpUrl: () => secrets.SMTP_URL ?? '', from, to: 'ops@example.com' }));
  await vi.waitFor(() => expect(used).toContain('first'));
  valid.add('second');
  replace('SMTP_URL', urlWith('second'));
  await vi.waitFor(() => expect(used).toContain('second'), { timeout: 20_000 });
  valid.delete('first');
  const sent = await alerts.stop();
  expect(mails).toBe(sent);
  expect(alerts.lines.map(({ message }) => message)).toEqual(Array(sent).fill('alert sent'));
  expect(JSON.stringify([alerts.lines, log.lines])).not.toMatch(/ops:(first|second)/);
});

test('a sender of telemetry changes to the next token, while the receiver takes both', async () => {
  const [first, second] = ['the-first-token-of-it', 'the-second-token-of-it'];
  const { secrets } = await follow('OTLP_TOKEN', first);
  await using receiver = await openReceiver({ tokens: () => secrets.OTLP_TOKEN });
  const send = async (token: string) =>
    (await receiver.post('/v1/traces', '{"resourceSpans":[]}', { authorization: `Bearer ${token}` })).status;
  let token = first;
  const ending = new AbortController();
  const statuses: number[] = [];
  const load = (async () => {
    while (!ending.signal.aborted) statuses.push(await send(token));
  })();
  replace('OTLP_TOKEN', `${second},${first}`);
  await vi.waitFor(async () => expect(await send(second)).toBe(200), { timeout: 20_000 });
  token = second;
  const before = statuses.length;
  await vi.waitFor(() => expect(statuses.length).toBeGreaterThan(before + 1));
  replace('OTLP_TOKEN', second);
  await vi.waitFor(async () => expect(await send(first)).toBe(401), { timeout: 20_000 });
  ending.abort();
  await load;
  expect(new Set(statuses)).toEqual(new Set([200]));
});
