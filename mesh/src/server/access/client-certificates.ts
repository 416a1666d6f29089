import type { IncomingMessage } from 'node:http';
import type { Authenticate, Credentials } from '../../identity/index.ts';
import type { Caller } from '../../contract/index.ts';
import { Aggregator, counter, type Logger } from '../../telemetry/index.ts';
import { clientCertificateOf, describeNames, isOfService } from '../../tls/core.ts';
import type { Tls } from '../../tls/index.ts';
import { MeshError } from '../../wire/index.ts';

/** What probes ask, which have no certificate: kubelet's, and those of Docker. */
const openPaths = new Set(['/livez', '/readyz', '/health']);

/** OpenSSL's codes of a certificate that is not valid yet, or no longer. */
const outOfTime = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

type Reason = 'missing' | 'untrusted' | 'expired' | 'mismatch';

const refused = counter({
  name: 'mesh_server_certificate_refused_total',
  help: 'Requests refused for their client certificate, by reason: missing, untrusted, expired, or mismatch with the token',
  labels: ['reason'],
});

interface Refusal {
  readonly reason: Reason;
  /** Names of the certificate. */
  readonly certificate: string | undefined;
  /** The service whose token came with it. */
  readonly service?: string;
  readonly address: string | undefined;
  readonly detail?: string;
}

const messages: Readonly<Record<Reason, string>> = {
  missing: 'requests without a client certificate are refused, because TLS_CLIENT_AUTH is require',
  untrusted: 'requests with a client certificate that no authority in TLS_CA_FILE has signed are refused',
  expired: 'requests with a client certificate that is not valid at this time are refused',
  mismatch: 'calls with the token of one service and the certificate of another are refused',
};

/**
 * Checks client certificates (mutual TLS): that there is a valid one where `TLS_CLIENT_AUTH` requires it, and that a
 * service's certificate names the service of its token, so that a stolen token is of no use without the key.
 */
export class ClientCertificates {
  readonly #tls: Pick<Tls, 'clientAuth' | 'trustDomain'>;
  readonly #refusals: Aggregator<Refusal>;

  constructor(tls: Pick<Tls, 'clientAuth' | 'trustDomain'>, log: Logger) {
    this.#tls = tls;
    this.#refusals = new Aggregator<Refusal>({
      report: (refusal, count) => log.warn({ ...refusal, count }, messages[refusal.reason]),
    });
  }

  /**
   * Checks the certificate of a request, or of the request for a WebSocket.
   *
   * @throws MeshError UNAUTHORIZED with the typed error `CERTIFICATE_REQUIRED` or `CERTIFICATE_INVALID`; not for health
   * probes.
   */
  mustBeValid({ socket, url = '' }: Pick<IncomingMessage, 'socket' | 'url'>): void {
    const certificate = clientCertificateOf(socket);
    if (certificate ? certificate.problem === undefined : this.#tls.clientAuth !== 'require') return;
    if (openPaths.has(url.split('?', 1)[0] ?? '')) return;
    const address = socket.remoteAddress;
    if (!certificate) {
      this.#tell({ reason: 'missing', certificate: undefined, address });
      throw new MeshError('UNAUTHORIZED', 'This service needs a client certificate (TLS)', {
        named: { name: 'CERTIFICATE_REQUIRED', data: {} },
        retry: 'never',
      });
    }
    const detail = String(certificate.problem);
    const reason = outOfTime.has(detail) ? 'expired' : 'untrusted';
    this.#tell({ reason, certificate: describeNames(certificate), address, detail });
    throw new MeshError('UNAUTHORIZED', `The client certificate is not valid: ${detail}`, {
      named: { name: 'CERTIFICATE_INVALID', data: { reason: detail } },
      retry: 'never',
    });
  }

  /** Makes a check of credentials that also asks for the certificate of a service that the token names. */
  bind(authenticate: Authenticate): Authenticate {
    return (credentials) => {
      const caller = authenticate(credentials);
      return caller instanceof Promise
        ? caller.then((found) => this.#mustMatch(found, credentials))
        : this.#mustMatch(caller, credentials);
    };
  }

  /** @throws MeshError UNAUTHORIZED with the typed error `CERTIFICATE_MISMATCH` */
  #mustMatch(caller: Caller, { certificate }: Credentials): Caller {
    const { service } = caller;
    if (!service) return caller;
    const { clientAuth, trustDomain } = this.#tls;
    const isRight = certificate
      ? isOfService(certificate, service.name, trustDomain)
      : clientAuth !== 'require';
    if (isRight) return caller;
    const names = certificate ? describeNames(certificate) : 'none';
    this.#tell({ reason: 'mismatch', certificate: names, service: service.name, address: undefined });
    throw new MeshError(
      'UNAUTHORIZED',
      `The token is that of service ${service.name}, and the client certificate is that of ${names}`,
      {
        named: { name: 'CERTIFICATE_MISMATCH', data: { token: service.name, certificate: names } },
        retry: 'never',
      },
    );
  }

  /** Logs what is left. */
  stop(): void {
    this.#refusals.flush();
  }

  #tell(refusal: Refusal): void {
    const { reason, certificate, service, address } = refusal;
    refused.inc({ reason });
    this.#refusals.add([reason, certificate, service, address].join(' '), refusal);
  }
}
