import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { recordingLogger, silentLogger, type LoggedLine } from '@arcadium/mesh/testing';
import { SMTPServer } from 'smtp-server';
import { afterEach, expect, test, vi } from 'vitest';
import { email } from '../alerts/email.ts';
import { alertMessage, type AlertMessage } from '../alerts/message.ts';
import { webhook } from '../alerts/webhook.ts';
import { AlertQueue, type AlertChannel } from './alert-queue.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const startedAt = Date.parse('2026-01-01T00:00:00Z');
const opened = { id: 4, service: 'wiki', startedAt, endedAt: null, reason: 'connection refused' };
const closed = { ...opened, endedAt: startedAt + 90_000 };
const dashboard = 'http://localhost:8080';

function queueOf(channel: AlertChannel, lines: LoggedLine[] = []): AlertQueue {
  const queue = new AlertQueue({ channel, log: recordingLogger(lines), backoff: { baseMs: 5 } });
  cleanups.push(() => queue.stop());
  return queue;
}

test('a webhook gets both alerts in order, again after a failure, with the same key', async () => {
  const got: unknown[] = [];
  const statuses = [503, 500];
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.parse(await text(request)) as Record<string, unknown>;
    got.push([request.method, request.headers['idempotency-key'], body['event'], body['text']]);
    if (statuses.length === 0)
      expect(body).toMatchObject({ incident: { service: 'wiki' }, text: expect.any(String) });
    response.statusCode = statuses.shift() ?? 204;
    response.end();
  };
  const server = createServer((...exchange) => void answer(...exchange)).listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await vi.waitFor(() => expect(server.listening).toBe(true));
  const lines: LoggedLine[] = [];
  const { port } = server.address() as AddressInfo;
  const queue = queueOf(
    webhook(() => `http://127.0.0.1:${port}/hooks/hunter2`),
    lines,
  );
  queue.add(alertMessage(opened, dashboard));
  queue.add(alertMessage(closed, dashboard));
  await vi.waitFor(() => expect(got).toHaveLength(4));
  const link = 'http://localhost:8080/services/wiki';
  const first = [
    'POST',
    `incident-4-${startedAt}-opened`,
    'incident.opened',
    `wiki does not serve since 2026-01-01T00:00:00.000Z: connection refused\n${link}`,
  ];
  const last = [
    'POST',
    `incident-4-${startedAt}-closed`,
    'incident.closed',
    `wiki serves again, after 90 s\nIt did not serve since 2026-01-01T00:00:00.000Z: connection refused\n${link}`,
  ];
  expect(got).toEqual([first, first, first, last]);
  await vi.waitFor(() => expect(lines.at(-1)?.message).toBe('alert sent'));
  expect(lines[0]?.fields).toMatchObject({ error: 'the webhook answered with HTTP status 503', attempt: 1 });
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

test('an email arrives over SMTP, with a password that no log line has, also if that is wrong', async () => {
  const mails: string[] = [];
  const passwords: unknown[] = [];
  const server = new SMTPServer({
    allowInsecureAuth: true,
    disabledCommands: ['STARTTLS'],
    onAuth({ username, password }, _session, done) {
      passwords.push(password);
      if (passwords.length === 1) return done(new Error(`no such password: ${String(password)}`));
      return done(null, { user: username ?? '' });
    },
    onData(stream, _session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  cleanups.push(() => new Promise<void>((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const lines: LoggedLine[] = [];
  const smtpUrl = () => `smtp://ops:hunter2@127.0.0.1:${port}`;
  const queue = queueOf(email({ smtpUrl, from: 'dashboard@example.com', to: 'ops@example.com' }), lines);
  queue.add(alertMessage(closed, dashboard));
  await vi.waitFor(() => expect(mails).toHaveLength(1));
  expect(mails[0]).toContain('To: ops@example.com');
  expect(mails[0]).toContain('Subject: wiki serves again');
  expect(mails[0]).toContain('wiki serves again, after 90 s');
  expect(mails[0]).toContain('connection refused');
  expect(mails[0]).toContain('http://localhost:8080/services/wiki');
  expect(passwords).toEqual(['hunter2', 'hunter2']);
  expect(lines[0]?.message).toBe('alert not sent, trying again');
  expect(JSON.stringify(lines)).not.toContain('hunter2');
});

test('at most 100 alerts wait, and a channel that never works is given up, one alert after the other', async () => {
  const lines: LoggedLine[] = [];
  let attempts = 0;
  const queue = new AlertQueue({
    channel: { name: 'broken', send: async () => expect.fail(`attempt ${(attempts += 1)}`) },
    log: recordingLogger(lines),
    backoff: { baseMs: 0 },
  });
  cleanups.push(() => queue.stop());
  for (let id = 1; id <= 150; id += 1) queue.add(alertMessage({ ...opened, id }, dashboard));
  expect(lines.filter(({ message }) => message.includes('the oldest is dropped'))).toHaveLength(50);
  await vi.waitFor(() =>
    expect(lines.filter(({ message }) => message === 'alert given up').length).toBe(101),
  );
  expect(attempts).toBe(1010);
});

test('a stop does not wait for a receiver that hangs', async () => {
  const sent: AlertMessage[] = [];
  const queue = new AlertQueue({
    channel: {
      name: 'slow',
      send: (message, signal) =>
        new Promise((_, reject) => {
          sent.push(message);
          signal.addEventListener('abort', () => reject(new Error('aborted')));
        }),
    },
    log: silentLogger,
  });
  queue.add(alertMessage(opened, dashboard));
  await vi.waitFor(() => expect(sent).toHaveLength(1));
  await queue.stop();
});
