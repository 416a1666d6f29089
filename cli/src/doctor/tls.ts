import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect } from 'node:tls';
import { ConfigError, postgresUrls, readConfig, serverFields, tlsSettings } from '@arcadium/mesh/config';
import { certificateLife, describeNames, isOfService, namesOf, openTls } from '@arcadium/mesh/tls';
import { isOpenToOthers } from '../setup/env-file.ts';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import { valid, type Context } from './context.ts';
import { urlOf, users } from './databases.ts';
import { isThisMachine } from './ports.ts';
import { endpointsOf } from './running.ts';

const { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE, TLS_CLIENT_AUTH } = serverFields;
const fields = { TLS_CERT_FILE, TLS_KEY_FILE, TLS_CA_FILE, TLS_CLIENT_AUTH };
const renew =
  'Replace the files (`npm run mesh -- certs` makes some for development); running services follow them.';

/** The TLS settings of a service. @throws Needs */
function settingsOf(context: Context, service: string) {
  return tlsSettings(
    valid(() => readConfig(fields, context.settings(service))) as Parameters<typeof tlsSettings>[0],
  );
}

/** The problem that the service itself would start with. @throws Needs */
function problemsOf(context: Context, service: string): readonly string[] {
  const settings = settingsOf(context, service);
  try {
    openTls({ ...settings, log: context.log })?.[Symbol.dispose]();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(path: string): X509Certificate[] {
  return (readFileSync(path, 'utf8').match(pem) ?? []).map((text) => new X509Certificate(text));
}

/** A service's certificate, and the authorities that it trusts. @throws Needs */
function materialOf(context: Context, service: string) {
  return context.once(`tls ${service}`, () => {
    if (problemsOf(context, service).length > 0) throw new Needs('tls.files');
    const { certFile, keyFile, caFile } = settingsOf(context, service);
    const chain = certFile === undefined ? [] : certificatesIn(certFile);
    const authorities = caFile === undefined ? [] : certificatesIn(caFile);
    return { certFile, keyFile, caFile, own: chain[0], chain, authorities };
  });
}

/** The file and the certificates of a service, with their state now. @throws Needs */
function lives(context: Context, service: string) {
  const { chain, authorities, certFile = '', caFile = '' } = materialOf(context, service);
  return [
    ...chain.map((x509) => ({ x509, path: certFile })),
    ...authorities.map((x509) => ({ x509, path: caFile })),
  ].map(({ x509, path }) => Object.assign({ path }, certificateLife(x509, context.now())));
}

const services = (context: Context) => context.services;
const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

export const tls: readonly Check[] = [
  {
    id: 'tls.files',
    severity: 'error',
    title: 'TLS files can be used',
    remedy:
      'Set TLS_CERT_FILE and TLS_KEY_FILE to PEM files that belong together, and TLS_CA_FILE to the authority.',
    subjects: services,
    look: problemsOf,
  },
  {
    id: 'tls.expired',
    severity: 'error',
    title: 'Certificates are valid',
    remedy: renew,
    subjects: services,
    look: (context, service) =>
      lives(context, service).flatMap(({ path, state, expiresAt }) =>
        state === 'expired' ? [`${path} expired on ${dayOf(expiresAt)}`] : [],
      ),
  },
  {
    id: 'tls.ending',
    severity: 'warning',
    title: 'Certificates are renewed in time',
    remedy: renew,
    subjects: services,
    look: (context, service) =>
      lives(context, service).flatMap(({ path, state, expiresAt }) =>
        state === 'ending' ? [`${path} expires on ${dayOf(expiresAt)}`] : [],
      ),
  },
  {
    id: 'tls.other-name',
    severity: 'error',
    title: 'Each certificate is that of its service',
    remedy: 'Issue one with the SPIFFE ID or the DNS name of the service; callers compare it with its token.',
    subjects: services,
    look: (context, service) => {
      const { own } = materialOf(context, service);
      return own && !isOfService(namesOf(own), service, undefined)
        ? `its certificate is for ${describeNames(namesOf(own))}`
        : undefined;
    },
  },
  {
    id: 'tls.other-host',
    severity: 'error',
    title: 'Certificates are valid for the hosts of their URLs',
    remedy: 'Issue one for the host (`npm run mesh -- certs --host <name>`), or use a host that it names.',
    subjects: services,
    look: (context, service) => {
      const { own } = materialOf(context, service);
      if (!own) return undefined;
      const hosts = endpointsOf(context, service).map((url) => new URL(url).hostname.replace(/^\[|\]$/g, ''));
      return [...new Set(hosts)]
        .filter((host) => (isIP(host) === 0 ? own.checkHost(host) : own.checkIP(host)) === undefined)
        .map((host) => `its certificate is not valid for ${host}`);
    },
  },
  {
    id: 'tls.foreign-authority',
    severity: 'error',
    title: 'Certificates are signed by the authority of the mesh',
    remedy: 'Issue it with the authority of TLS_CA_FILE, or add its authority to that file.',
    subjects: services,
    look: (context, service) => {
      const { own, chain, authorities, caFile } = materialOf(context, service);
      if (!own || authorities.length === 0) return undefined;
      // Each is signed by the next, the last by an authority.
      const signers = [...chain.slice(1), ...authorities];
      const last = chain.reduce((held, next) => (held === next || held.checkIssued(next) ? next : held), own);
      const good = [own, last].some((one) =>
        signers.some(
          (signer) => authorities.includes(signer) && one.checkIssued(signer) && one.verify(signer.publicKey),
        ),
      );
      return good ? undefined : `its certificate is not signed by an authority of ${caFile}`;
    },
  },
  {
    id: 'tls.key-mode',
    severity: 'error',
    title: 'Only their owner can read private keys',
    remedy: 'Run `chmod 600` on the file.',
    subjects: services,
    look: (context, service) => {
      const { keyFile } = materialOf(context, service);
      const stat = keyFile === undefined ? undefined : context.stat(keyFile);
      return stat && isOpenToOthers(stat.mode)
        ? `${keyFile} has mode 0${(stat.mode & 0o777).toString(8)}`
        : undefined;
    },
  },
  {
    id: 'tls.scheme',
    severity: 'error',
    title: 'URLs say https where services serve it',
    remedy: 'Make the …_SERVICE_URL https://, or remove TLS_CERT_FILE; behind a proxy, set PORT.',
    subjects: services,
    look: (context, service) => {
      const { certFile } = settingsOf(context, service);
      // Behind a proxy, its certificate is another one.
      if (context.settings(service)['PORT'] !== undefined) return undefined;
      return endpointsOf(context, service).flatMap((url) => {
        if (url.startsWith('https:') === (certFile !== undefined)) return [];
        return certFile === undefined
          ? [`${url} says https, and TLS_CERT_FILE is not set`]
          : [`${url} says http, and TLS_CERT_FILE is set`];
      });
    },
  },
  {
    id: 'tls.not-in-use',
    severity: 'error',
    title: 'Running services present the certificate of their file',
    remedy: 'Look for `changed TLS files cannot be used` in the log of the service, or restart it.',
    subjects: services,
    look: async (context, service) => {
      const { own } = materialOf(context, service);
      if (!own) return undefined;
      const urls = endpointsOf(context, service).filter((url) => url.startsWith('https:'));
      const found = await Promise.all(
        urls.map(async (url) => {
          const shown = await presentedAt(url, context.patienceMs);
          return shown !== undefined && shown.fingerprint256 !== own.fingerprint256
            ? [
                `${url} presents the certificate of ${describeNames(namesOf(shown))} that ends ${shown.validTo}`,
              ]
            : [];
        }),
      );
      return found.flat();
    },
  },
  {
    id: 'tls.plain-database',
    severity: 'warning',
    title: 'Connections to a database elsewhere are encrypted',
    remedy: 'Add `?sslmode=verify-full&sslrootcert=<file>` to the URL.',
    subjects: users,
    look: (context, service) => {
      const url = urlOf(context, service, 'traffic');
      const hosts = postgresUrls(url).map((one) => new URL(one));
      const elsewhere = hosts.filter(({ hostname }) => !isThisMachine(hostname));
      const plain = elsewhere.filter(({ searchParams }) =>
        [null, 'disable'].includes(searchParams.get('sslmode')),
      );
      return plain.map(({ host }) => `passwords and rows go to ${host} in the clear`);
    },
  },
];

/** The certificate at a URL, trusted or not; `undefined` if there is no TLS. */
function presentedAt(url: string, ms: number): Promise<X509Certificate | undefined> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve) => {
    const socket = connect(
      { host, port: Number(port || 443), rejectUnauthorized: false, timeout: ms },
      () => {
        resolve(socket.getPeerX509Certificate());
        socket.destroy();
      },
    );
    for (const event of ['error', 'timeout', 'close'] as const)
      socket.once(event, () => {
        resolve(undefined);
        socket.destroy();
      });
  });
}
