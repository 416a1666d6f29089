import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { X509Certificate } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createAuthority, recordingLogger } from '../testing/index.ts';
import { exposition } from '../telemetry/index.ts';
import { openTls } from './index.ts';
import { PemFolder } from './testing/pem-folder.ts';
import { SecureMesh } from './testing/secure-mesh.ts';

let mesh: SecureMesh;
beforeEach(async () => {
  mesh = await SecureMesh.create();
});
afterEach(() => mesh[Symbol.asyncDispose]());

/** The fingerprint of the certificate that a new connection is shown. */
async function shownBy(port: number): Promise<string> {
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const { fingerprint256 } = socket.getPeerX509Certificate() as X509Certificate;
  socket.destroy();
  return fingerprint256;
}

test.each(['http', 'websocket'] as const)(
  'all certificates and the authority are exchanged under load over %s, and no call fails',
  async (transport) => {
    const server = mesh.open(mesh.issue('vault'), { clientAuth: 'require' });
    const caller = mesh.open(mesh.issue('till'));
    const service = await mesh.serve(server.tls, () => sleep(20));
    const client = await mesh.client(service.url, { as: 'till', tls: caller.tls, transport });

    const ending = new AbortController();
    const outcomes = { done: 0, failed: [] as unknown[] };
    const loop = async (): Promise<void> => {
      while (!ending.signal.aborted) {
        await client.write.mutate().then(
          () => (outcomes.done += 1),
          (error: unknown) => outcomes.failed.push(error),
        );
        await sleep(10);
      }
    };
    const load = [loop(), loop(), loop()];

    // Another authority: first both are trusted, then the certificates change, then the old one goes.
    const next = createAuthority({ name: 'the next authority' });
    const change = async (what: () => void): Promise<void> => {
      what();
      for (const { tls } of [server, caller]) expect(tls.reread()).toBe(true);
      const before = outcomes.done;
      await expect.poll(() => outcomes.done - before, { timeout: 10_000 }).toBeGreaterThan(10);
    };
    const all = [server.folder, caller.folder];
    await change(() => {
      for (const folder of all) folder.replace(folder.caFile, mesh.authority.cert + next.cert);
    });
    const issue = (name: string) =>
      next.issue(name, { dns: [name], ips: ['127.0.0.1'], spiffeId: `spiffe://test.internal/${name}` });
    const renewed = issue('vault');
    await change(() => {
      server.folder.put(renewed);
      caller.folder.put(issue('till'));
    });
    await change(() => {
      for (const folder of all) folder.replace(folder.caFile, next.cert);
    });
    ending.abort();
    await Promise.all(load);

    expect(outcomes.failed).toEqual([]);
    expect(outcomes.done).toBeGreaterThan(30);
    expect(await shownBy(service.port)).toBe(new X509Certificate(renewed.cert).fingerprint256);
    // The former authority opens no new connection.
    const former = await mesh.client(service.url, { as: 'till', tls: mesh.open(mesh.issue('till')).tls });
    await expect(former.read.query()).rejects.toThrow(/certificate|issuer/);
  },
);

test('all files of a volume change at once behind a link, as the kubelet replaces them', async () => {
  using folder = new PemFolder(mesh.authority.cert, mesh.issue('vault'));
  const put = (version: string) => {
    const { cert, key } = mesh.issue('vault');
    mkdirSync(join(folder.path, version));
    for (const [name, text] of [
      ['tls.crt', cert],
      ['tls.key', key],
      ['ca.crt', mesh.authority.cert],
    ] as const)
      writeFileSync(join(folder.path, version, name), text);
    symlinkSync(version, join(folder.path, '..next'));
    renameSync(join(folder.path, '..next'), join(folder.path, '..data'));
    return new X509Certificate(cert).fingerprint256;
  };
  const first = put('..1');
  for (const file of [folder.certFile, folder.keyFile, folder.caFile]) {
    rmSync(file);
    symlinkSync(join('..data', basename(file)), file);
  }
  using tls = openTls({ ...folder.files, log: mesh.log, pollMs: 10 });
  if (!tls) throw new Error('the files are named');
  const { port } = await mesh.serve(tls);
  expect(await shownBy(port)).toBe(first);
  const second = put('..2');
  await expect.poll(() => shownBy(port), { timeout: 10_000 }).toBe(second);
});

test('files that do not fit keep the last good ones, and the log says so once they stay', async () => {
  const { tls, folder } = mesh.open(mesh.issue('vault'));
  const { port } = await mesh.serve(tls);
  const before = await shownBy(port);
  // The key is not written yet.
  folder.replace(folder.certFile, mesh.issue('vault').cert);
  mesh.log.lines.length = 0;
  expect([tls.reread(), mesh.log.lines.length]).toEqual([false, 0]);
  expect([tls.reread(), tls.reread()]).toEqual([false, false]);
  rmSync(folder.keyFile);
  expect(tls.reread()).toBe(false);
  expect(mesh.log.lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
    'error changed TLS files cannot be used; the last good ones stay in use',
  ]);
  expect(await shownBy(port)).toBe(before);
  folder.put(mesh.issue('vault'));
  expect(tls.reread()).toBe(true);
  expect(await shownBy(port)).not.toBe(before);
});

test('a certificate that expires is warned of once a day, in a quarter of its life, and is a metric', async () => {
  const now = Date.now();
  const hours = (count: number) => count * 3_600_000;
  const issued = mesh.issue('vault', { notAfter: new Date(now + hours(100)) });
  using folder = new PemFolder(mesh.authority.cert, issued);
  const log = recordingLogger();
  let time = now;
  using tls = openTls({ ...folder.files, log, pollMs: 10, now: () => time });
  const levels = () => log.lines.map(({ level }) => level);
  expect(levels()).toEqual([]);
  time = now + hours(80);
  await expect.poll(levels).toEqual(['warn']);
  expect(log.lines[0]).toMatchObject({
    message: 'a TLS certificate expires soon: replace its file; no restart is needed',
    fields: { file: folder.certFile, certificate: 'spiffe://test.internal/vault' },
  });
  time = now + hours(101);
  await sleep(50);
  expect(levels()).toEqual(['warn']);
  time = now + hours(105);
  await expect.poll(levels).toEqual(['warn', 'error']);
  const { text } = await exposition();
  const [, seconds] =
    /^mesh_tls_certificate_expiration_timestamp_seconds\{file="cert"\} (\S+)$/m.exec(text) ?? [];
  expect(Number(seconds)).toBeCloseTo((now + hours(100)) / 1000, -1);
  folder.put(mesh.issue('vault'));
  expect(tls?.reread()).toBe(true);
});

test('settings that do not fit are all said at once', () => {
  const log = recordingLogger();
  expect(() => openTls({ certFile: '/nowhere/tls.crt', clientAuth: 'require', log })).toThrow(
    /TLS_KEY_FILE: is not set, but TLS_CERT_FILE is[^]*TLS_CA_FILE: is not set, but TLS_CLIENT_AUTH is require/,
  );
  expect(() => openTls({ certFile: '/nowhere/tls.crt', keyFile: '/nowhere/tls.key', log })).toThrow(
    /TLS_CERT_FILE: cannot read \/nowhere\/tls.crt \(ENOENT\)[^]*TLS_KEY_FILE: cannot read/,
  );
  using folder = new PemFolder('not PEM', mesh.issue('vault'));
  expect(() => openTls({ ...folder.files, log })).toThrow(/TLS_CA_FILE: .* holds no certificate in PEM/);
  folder.replace(folder.caFile, mesh.authority.cert);
  folder.replace(folder.keyFile, mesh.issue('vault').key);
  expect(() => openTls({ ...folder.files, log })).toThrow(
    /TLS_KEY_FILE: .* does not fit .*key values mismatch/,
  );
  expect(openTls({ log })).toBeUndefined();
});
