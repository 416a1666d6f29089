import { connect as connectTls } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from 'undici';
import { WebSocket, type ClientOptions } from 'ws';
import { createAuthority } from '../testing/index.ts';
import type { ClientAuth } from './index.ts';
import { SecureMesh } from './testing/secure-mesh.ts';

let mesh: SecureMesh;
beforeAll(async () => {
  mesh = await SecureMesh.create();
});
afterAll(() => mesh[Symbol.asyncDispose]());

/** What came of a call: its answer, or code and typed error. */
async function outcome(call: Promise<unknown>): Promise<unknown> {
  try {
    return await call;
  } catch (error) {
    const { message, data } = error as { message: string; data?: { code: string; error?: { name: string } } };
    return data?.error?.name ?? data?.code ?? message;
  }
}

const hourAgo = new Date(Date.now() - 3_600_000);

/** The certificates of a caller that has the token of `till`. */
async function certificates() {
  const foreign = createAuthority({ name: 'another authority' });
  const spiffeId = 'spiffe://test.internal/till';
  return {
    'no certificate': mesh.openWithout(),
    'one of a foreign authority': mesh.open(foreign.issue('till', { dns: ['till'], spiffeId })).tls,
    "another service's": mesh.open(mesh.issue('stock')).tls,
    'one of another trust domain': mesh.open(
      mesh.authority.issue('till', { dns: ['till'], spiffeId: 'spiffe://elsewhere/till' }),
    ).tls,
    'an expired one': mesh.open(mesh.issue('till', { notAfter: hourAgo })).tls,
    'the right one, by SPIFFE ID': mesh.open(mesh.issue('till')).tls,
    'the right one, by DNS name': mesh.open(mesh.authority.issue('till', { dns: ['till'] })).tls,
  };
}

describe.each<[ClientAuth, Record<string, string>]>([
  [
    'require',
    {
      'no certificate': 'CERTIFICATE_REQUIRED',
      'one of a foreign authority': 'CERTIFICATE_INVALID',
      "another service's": 'CERTIFICATE_MISMATCH',
      'one of another trust domain': 'CERTIFICATE_MISMATCH',
      'an expired one': 'CERTIFICATE_INVALID',
      'the right one, by SPIFFE ID': 'gold',
      'the right one, by DNS name': 'gold',
    },
  ],
  ['request', { 'no certificate': 'gold', "another service's": 'CERTIFICATE_MISMATCH' }],
  ['none', { 'no certificate': 'gold', "another service's": 'gold', 'an expired one': 'gold' }],
])('TLS_CLIENT_AUTH=%s', (clientAuth, expected) => {
  test.each(['http', 'websocket'] as const)('over %s', async (transport) => {
    const service = await mesh.serve(mesh.open(mesh.issue('vault'), { clientAuth }).tls);
    const url = service.url.replace('127.0.0.1', 'localhost');
    const all = await certificates();
    const seen: Record<string, unknown> = {};
    for (const who of Object.keys(expected) as (keyof typeof all)[]) {
      const tls = all[who];
      const client = await mesh.client(url, { as: 'till', tls, transport });
      seen[who] = await outcome(client.write.mutate());
    }
    expect(seen).toEqual(expected);
  });
});

describe('what is refused', () => {
  const serve = async () => mesh.serve(mesh.open(mesh.issue('vault'), { clientAuth: 'require' }).tls);

  test('is logged, with both names', async () => {
    const { url } = await serve();
    const { tls } = mesh.open(mesh.issue('stock'));
    mesh.log.lines.length = 0;
    await outcome((await mesh.client(url, { as: 'till', tls })).read.query());
    expect(mesh.log.lines).toContainEqual({
      level: 'warn',
      message: 'calls with the token of one service and the certificate of another are refused',
      fields: expect.objectContaining({
        service: 'till',
        certificate: 'spiffe://test.internal/stock',
        count: 1,
      }),
    });
  });

  test('is a token in the first message of a WebSocket as well', async () => {
    const { url } = await serve();
    const { tls } = mesh.open(mesh.issue('stock'));
    const options: ClientOptions = { ...tls.connecting, perMessageDeflate: false };
    const socket = new WebSocket(`${url.replace('https', 'wss')}/trpc?connectionParams=1`, [], options);
    const authorization = `Service-Token ${await mesh.identity.serviceToken('till')}`;
    socket.on('open', () => {
      socket.send(JSON.stringify({ method: 'connectionParams', data: { authorization } }));
      socket.send(JSON.stringify({ id: 1, jsonrpc: '2.0', method: 'query', params: { path: 'read' } }));
    });
    const answer = await new Promise<string>((resolve) =>
      socket.on('message', (data) => resolve((data as Buffer).toString())),
    );
    socket.terminate();
    expect(answer).toContain('CERTIFICATE_MISMATCH');
  });

  test('are not health probes, which have no certificate', async () => {
    const { url } = await serve();
    const { dispatcher } = mesh.openWithout();
    const status = async (path: string) => {
      const answer = await request(`${url}${path}`, { dispatcher });
      await answer.body.dump();
      return answer.statusCode;
    };
    expect(await Promise.all(['/livez', '/readyz', '/health', '/metrics', '/'].map(status))).toEqual([
      200, 200, 200, 401, 401,
    ]);
  });

  test.each(['TLSv1.2', 'TLSv1.1'] as const)('is %s', async (version) => {
    const { port } = await serve();
    mesh.log.lines.length = 0;
    const socket = connectTls({
      port,
      host: '127.0.0.1',
      minVersion: version,
      maxVersion: version,
      ciphers: 'DEFAULT@SECLEVEL=0',
      rejectUnauthorized: false,
    });
    const code = await new Promise((resolve) => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      socket.on('secureConnect', () => resolve(`spoke ${String(socket.getProtocol())}`));
    });
    expect(code).toMatch(/ALERT_PROTOCOL_VERSION/);
    await expect
      .poll(() => mesh.log.lines.map(({ fields }) => fields['code']))
      .toContain('ERR_SSL_UNSUPPORTED_PROTOCOL');
  });

  test('is plain HTTP', async () => {
    const { url } = await serve();
    await expect(request(url.replace('https', 'http'))).rejects.toThrow();
  });
});

describe('a client', () => {
  test.each(['http', 'websocket'] as const)(
    'refuses a server that is not whom the URL names, over %s; the call was not made',
    async (transport) => {
      const foreign = createAuthority();
      const wrong = {
        'of a foreign authority': foreign.issue('vault', { ips: ['127.0.0.1'] }),
        'with another name': mesh.authority.issue('vault', { dns: ['vault.example'] }),
        expired: mesh.issue('vault', { notAfter: hourAgo }),
      };
      const { tls } = mesh.open(mesh.issue('till'));
      const seen: Record<string, string> = {};
      for (const [how, issued] of Object.entries(wrong)) {
        const { url } = await mesh.serve(mesh.open(issued).tls);
        const client = await mesh.client(url, { as: 'till', tls, transport });
        seen[how] = await client.write.mutate().catch((error: Error) => error.message);
      }
      expect(seen).toEqual({
        'of a foreign authority': expect.stringMatching(/unable to verify|self-signed|local issuer/),
        'with another name': expect.stringContaining('altname'),
        expired: expect.stringContaining('expired'),
      });
    },
  );
});
