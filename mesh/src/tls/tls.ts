import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { Agent, fetch as fetchBy, type Dispatcher } from 'undici';
import { ConfigError } from '../config/index.ts';
import { counter, describeError, type Logger } from '../telemetry/index.ts';
import { trustDomainOf, namesOf, describeNames } from './certificate.ts';
import { ExpiryWatch } from './expiry.ts';
import { materialOf, readTlsFiles, type TlsFiles, type TlsMaterial } from './material.ts';

/** How often the files are read, in milliseconds. */
const usualPollMs = 2000;

const reloads = counter({
  name: 'mesh_tls_reloads_total',
  help: 'Changes of TLS files by result: loaded, or refused, which keeps the last good ones',
  labels: ['result'],
});

/** Whether clients of a service present a certificate: `none` asks for none, `request` for one if there is one. */
export type ClientAuth = 'none' | 'request' | 'require';

export interface TlsOptions {
  /** PEM file of the certificate of this process, followed by intermediate ones. @default none: the process serves HTTP */
  certFile?: string | undefined;
  /** PEM file of its private key. @default none */
  keyFile?: string | undefined;
  /** PEM file of the authorities of the mesh; no other is trusted for calls to services. @default those of Node */
  caFile?: string | undefined;
  /** @default 'none' */
  clientAuth?: ClientAuth;
  /** How often the files are read, in milliseconds. @default 2000 */
  pollMs?: number;
  /** The time, in milliseconds since 1970. @default Date.now */
  now?: () => number;
  log: Logger;
}

/**
 * Opens the TLS files of a process, and follows them: a change is used for each new connection, without a restart. A
 * change that cannot be used, such as a certificate whose key is not written yet, keeps the last good files.
 *
 * Files are read, not watched: mounted secrets of Kubernetes are replaced through a symbolic link, which file events
 * miss.
 *
 * @returns `undefined` if no file is set: then everything is as without TLS.
 * @throws ConfigError for files that are missing, do not fit, or cannot be read.
 *
 * @example
 * const tls = openTls({ certFile: 'tls.crt', keyFile: 'tls.key', caFile: 'ca.crt', log });
 * const client = connect(shopContract, { url: 'https://shop:3000', as: 'anyone', tls });
 * const service = await serve(shopContract, handlers, { ...options, tls });
 */
export function openTls(options: TlsOptions): Tls | undefined {
  const { certFile: cert, keyFile: key, caFile: ca, clientAuth = 'none' } = options;
  const problems: string[] = [];
  if (cert !== undefined && key === undefined)
    problems.push('TLS_KEY_FILE: is not set, but TLS_CERT_FILE is');
  if (key !== undefined && cert === undefined)
    problems.push('TLS_CERT_FILE: is not set, but TLS_KEY_FILE is');
  if (clientAuth !== 'none' && cert === undefined)
    problems.push(`TLS_CERT_FILE: is not set, but TLS_CLIENT_AUTH is ${clientAuth}`);
  if (clientAuth !== 'none' && ca === undefined)
    problems.push(`TLS_CA_FILE: is not set, but TLS_CLIENT_AUTH is ${clientAuth}`);
  if (problems.length > 0) throw new ConfigError(problems);
  return cert === undefined && ca === undefined ? undefined : new Tls({ cert, key, ca }, options);
}

/** The TLS of a process: its certificate, and the authorities that it trusts. Made by {@link openTls}. */
export class Tls implements Disposable {
  /** Whether clients present a certificate. */
  readonly clientAuth: ClientAuth;
  readonly #files: TlsFiles;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  readonly #expiry: ExpiryWatch;
  readonly #listeners = new Set<() => void>();
  #material: TlsMaterial;
  #outside: SecureContext | undefined;
  #dispatcher: Agent | undefined;
  #outsideDispatcher: Agent | undefined;
  /** The contents of the files that were last refused, and whether the log says so. */
  #refused: { contents: string; told: boolean } | undefined;

  constructor(files: TlsFiles, options: TlsOptions) {
    const { log, clientAuth = 'none', pollMs = usualPollMs, now = Date.now } = options;
    this.#files = files;
    this.#log = log;
    this.clientAuth = clientAuth;
    this.#material = materialOf(files, readTlsFiles(files));
    this.#expiry = new ExpiryWatch(this.#material, { log, now });
    this.#timer = setInterval(() => {
      this.reread();
      this.#expiry.check();
    }, pollMs).unref();
  }

  /** Whether there is a certificate to serve HTTPS with. */
  get serves(): boolean {
    return this.#material.own !== undefined;
  }

  /** The trust domain of this process, if its certificate has a SPIFFE ID. */
  get trustDomain(): string | undefined {
    const { own } = this.#material;
    return own && trustDomainOf(namesOf(own));
  }

  /** Options of `https.createServer`, and of its `setSecureContext` after a change. */
  get serving() {
    const { cert, key, ca } = this.#material;
    const asksFor = this.clientAuth !== 'none';
    return {
      cert,
      key,
      ...(asksFor && { ca }),
      minVersion: 'TLSv1.3' as const,
      requestCert: asksFor,
      // A client without a good certificate gets an answer that says so, and health probes get theirs.
      rejectUnauthorized: false,
    };
  }

  /** Options of `tls.connect` for a connection to a service of the mesh. */
  get connecting(): Readonly<{ secureContext: SecureContext }> {
    return { secureContext: this.#material.context };
  }

  /** Sends requests of `undici` to services of the mesh; another one after a change. */
  get dispatcher(): Dispatcher {
    return (this.#dispatcher ??= agentOf(this.#material.context));
  }

  /** Sends requests of `undici` to others, which Node's authorities may vouch for as well: a receiver of OTLP. */
  get outside(): { readonly dispatcher: Dispatcher } {
    const { cert, key, ca } = this.#material;
    this.#outside ??= createSecureContext({
      cert,
      key,
      ca: [...getCACertificates('default'), ...(ca === undefined ? [] : [ca])],
    });
    return { dispatcher: (this.#outsideDispatcher ??= agentOf(this.#outside)) };
  }

  /** `fetch` to services of the mesh. */
  readonly fetch = ((url: string | URL, init?: object) =>
    fetchBy(url, { ...init, dispatcher: this.dispatcher })) as typeof fetch;

  /** Calls a function after each change of the files. @returns Stops that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reads the files now. @returns Whether there was a change, which is now in use. */
  reread(): boolean {
    let contents = '';
    try {
      const read = readTlsFiles(this.#files);
      const { cert, key, ca } = this.#material;
      if (read.cert === cert && read.key === key && read.ca === ca) {
        this.#refused = undefined;
        return false;
      }
      contents = JSON.stringify(read);
      this.#use(materialOf(this.#files, read));
      return true;
    } catch (error) {
      this.#refuse(contents, error);
      return false;
    }
  }

  #use(material: TlsMaterial): void {
    this.#material = material;
    this.#refused = undefined;
    this.#expiry.replace(material);
    // They end when their requests in progress are done.
    for (const agent of [this.#dispatcher, this.#outsideDispatcher]) void agent?.close();
    this.#dispatcher = undefined;
    this.#outsideDispatcher = undefined;
    this.#outside = undefined;
    reloads.inc({ result: 'loaded' });
    const { own } = material;
    this.#log.info(
      own ? { certificate: describeNames(namesOf(own)), expires_at: own.validTo } : {},
      'TLS files have changed: new connections use them',
    );
    for (const listener of this.#listeners) listener();
  }

  /** Logs contents that are still there at the next look: until then, they may be half written. */
  #refuse(contents: string, error: unknown): void {
    if (this.#refused?.contents !== contents) {
      this.#refused = { contents, told: false };
      return;
    }
    if (this.#refused.told) return;
    this.#refused.told = true;
    reloads.inc({ result: 'refused' });
    this.#log.error(
      { reason: describeError(error) },
      'changed TLS files cannot be used; the last good ones stay in use',
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#expiry.stop();
    this.#listeners.clear();
    for (const agent of [this.#dispatcher, this.#outsideDispatcher]) void agent?.close();
  }
}

function agentOf(secureContext: SecureContext): Agent {
  return new Agent({ connect: { secureContext }, allowH2: false });
}
