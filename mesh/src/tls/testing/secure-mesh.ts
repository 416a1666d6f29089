import { z } from 'zod';
import { connect, type MeshClient } from '../../client/index.ts';
import { anyService, contract, mutation, query } from '../../contract/index.ts';
import { serve, type RunningService } from '../../server/index.ts';
import {
  createAuthority,
  createTestIdentity,
  recordingLogger,
  type Authority,
  type IssuedCertificate,
  type TestIdentity,
} from '../../testing/index.ts';
import { openTls, type ClientAuth, type Tls } from '../index.ts';
import { PemFolder } from './pem-folder.ts';

/** What the service under test offers to services. */
export const vault = contract('vault', {
  read: query({ summary: 'Reads', access: anyService, output: z.string() }),
  write: mutation({ summary: 'Writes', access: anyService, output: z.string() }),
});

const trustDomain = 'test.internal';

/** A service with TLS on a port of its own, and clients of it with certificates. */
export class SecureMesh implements AsyncDisposable {
  readonly authority: Authority;
  readonly identity: TestIdentity;
  readonly log = recordingLogger();
  readonly #resources = new AsyncDisposableStack();

  private constructor(authority: Authority, identity: TestIdentity) {
    this.authority = authority;
    this.identity = identity;
  }

  static async create(): Promise<SecureMesh> {
    return new SecureMesh(createAuthority(), await createTestIdentity());
  }

  /** Issues a certificate with a service's SPIFFE ID, and with the names of this machine. */
  issue(service: string, options: { notAfter?: Date } = {}): IssuedCertificate {
    return this.authority.issue(service, {
      dns: [service, 'localhost'],
      ips: ['127.0.0.1'],
      spiffeId: `spiffe://${trustDomain}/${service}`,
      ...options,
    });
  }

  /** Opens the TLS of a process whose files are in a folder of its own. */
  open(issued: IssuedCertificate, options: { clientAuth?: ClientAuth; ca?: string } = {}) {
    const { ca = this.authority.cert, clientAuth = 'none' } = options;
    const folder = this.#resources.use(new PemFolder(ca, issued));
    const tls = openTls({ ...folder.files, clientAuth, log: this.log });
    if (!tls) throw new Error('no TLS');
    return { tls: this.#resources.use(tls), folder };
  }

  /** Opens the TLS of a process that has no certificate, and knows the authority. */
  openWithout(): Tls {
    const { caFile } = this.#resources.use(new PemFolder(this.authority.cert, { cert: '', key: '' }));
    const tls = openTls({ caFile, log: this.log });
    if (!tls) throw new Error('no TLS');
    return this.#resources.use(tls);
  }

  /** Starts the service. */
  async serve(tls: Tls, onCall: () => Promise<void> = async () => {}): Promise<RunningService> {
    const handle = async (): Promise<string> => {
      await onCall();
      return 'gold';
    };
    const service = await serve(
      vault,
      { read: handle, write: handle },
      { version: '1', port: 0, authenticate: this.identity.authenticate, tls, log: this.log },
    );
    service.ready();
    this.#resources.defer(() => service.stop());
    return service;
  }

  /** A client that calls as a service, with its token. */
  async client(
    url: string,
    { as, tls, transport }: { as: string; tls?: Tls | undefined; transport?: 'http' | 'websocket' },
  ): Promise<MeshClient<typeof vault, string>> {
    const token = await this.identity.serviceToken(as);
    const retryPolicy = { attempts: 0, baseMs: 1, jitter: 0 };
    return this.#resources.use(
      connect(vault, { as, url, token, tls, log: this.log, retryPolicy, ...(transport && { transport }) }),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
  }
}
