import { Pool, errors, type Dispatcher } from 'undici';
import { errorCodes, header, parseContractHash, parseRetryAfter } from '../../wire/index.ts';
import { connectingTo } from '../endpoints/connecting-to.ts';
import type { Tls } from '../../tls/index.ts';
import type { Request } from '../request.ts';
import { HttpContract } from './http-contract.ts';
import { parseJson, requestOf, type HttpRequest } from './http-request.ts';
import {
  maxAnswerBytes,
  TransportError,
  type Answer,
  type ContractTerms,
  type Transport,
} from './transport.ts';

/** System calls that fail before a byte is sent. */
const connecting = new Set(['connect', 'getaddrinfo']);

/** A request in HTTP, with any body that undici sends. */
export type AnyHttpRequest = Omit<HttpRequest, 'body'> & {
  readonly body?: Dispatcher.DispatchOptions['body'];
};

/**
 * Creates a transport for tRPC's wire format over HTTP/1.1 with keep-alive.
 *
 * @param url URL of the service, such as `http://localhost:8000`, with the prefix it is mounted with, if any.
 * @param options.connectTimeoutMs Longest wait for a connection, in milliseconds.
 * @param options.ip IP address to connect to. @default resolved from the URL
 * @param options.tls For a URL with https. @default as Node verifies it
 * @param options.contracts Told of the contract of the process at the other end. @default contracts are not compared
 * @param options.encode Writes a request. @default as services of the mesh read it
 */
export function createHttpTransport(
  url: string,
  {
    connectTimeoutMs,
    ip,
    tls,
    contracts,
    encode,
  }: {
    connectTimeoutMs: number;
    ip?: string | undefined;
    tls?: Tls | undefined;
    contracts?: ContractTerms | undefined;
    encode?: (request: Request) => AnyHttpRequest;
  },
): Transport {
  const { origin, pathname } = new URL(url);
  const prefix = pathname.replace(/\/$/, '');
  const base = `${origin}${prefix}`;
  const contract = contracts && new HttpContract(contracts);
  const open = (): Pool => {
    const connect = { timeout: connectTimeoutMs, ...connectingTo(ip), ...tls?.connecting };
    const opened = new Pool(origin, { connect });
    if (contract)
      opened.on('connect', () => contract.onConnect()).on('disconnect', () => contract.onDisconnect());
    return opened;
  };
  let pool = open();
  const stopFollowing = tls?.onChange(() => {
    const before = pool;
    pool = open();
    // Ends when its requests in progress are done.
    void before.close();
  });
  const send = (request: Request): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const unfit = contract && request.unfit();
      const question = contract?.question(unfit !== undefined);
      const onContract =
        question === undefined ? undefined : (theirs: string | undefined) => contract?.answered(theirs);
      const receiver = new Receiver(request, {
        resolve: (answer, theirs) => {
          try {
            // The reason is known here: the process says only that it refuses.
            if (unfit !== undefined && answer.status === errorCodes.CONTRACT_MISMATCH.httpStatus)
              request.mustFit(theirs);
            resolve(answer);
          } catch (error) {
            reject(error);
          }
        },
        onContract,
        reject: (cause) => {
          // A request that cannot be sent is the caller's mistake, not the network's.
          reject(
            cause instanceof errors.InvalidArgumentError
              ? cause
              : toTransportError(cause, { url: base, sent: receiver.started }),
          );
        },
      });
      const { body = null, ...message } = encode?.(request) ?? requestOf(request, prefix);
      const headers =
        question === undefined
          ? message.headers
          : {
              ...message.headers,
              [header.contract]: question,
              ...(unfit !== undefined && { [header.contractUnless]: unfit }),
            };
      pool.dispatch({ ...message, headers, body }, receiver);
    });
  return {
    url: base,
    leaving: false,
    get contract() {
      return contract?.current;
    },
    shared: true,
    send,
    close() {
      stopFollowing?.();
      return pool.destroy();
    },
  };
}

interface Receiving {
  /** @param theirs Hash of the contract, if the answer names it. */
  readonly resolve: (answer: Answer, theirs: string | undefined) => void;
  readonly reject: (cause: unknown) => void;
  /** Set if the request asks for the contract. */
  readonly onContract: ((theirs: string | undefined) => void) | undefined;
}

/** Receives one answer, without the stream and the signal that `pool.request` creates for every call. */
class Receiver implements Dispatcher.DispatchHandler {
  readonly #request: Request;
  readonly #on: Receiving;
  /** Whether the request was written, or a part of it. */
  started = false;
  #status = 0;
  #theirs: string | undefined;
  #retryAfterMs: number | undefined;
  #chunks: Buffer[] = [];
  #bytes = 0;

  constructor(request: Request, on: Receiving) {
    this.#request = request;
    this.#on = on;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const abort = (): void => controller.abort(new Error('cancelled'));
    if (this.#request.cancelled) abort();
    else {
      this.started = true;
      this.#request.sent = true;
      this.#request.onCancel = abort;
    }
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    this.#status = status;
    const { [header.retryAfter]: retryAfter } = headers;
    this.#theirs = parseContractHash(headers[header.contract]);
    this.#on.onContract?.(this.#theirs);
    if (typeof retryAfter === 'string') this.#retryAfterMs = parseRetryAfter(retryAfter);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > maxAnswerBytes) {
      this.#chunks = [];
      controller.abort(new Error(`the answer is longer than ${maxAnswerBytes} bytes`));
    } else this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const [first, ...rest] = this.#chunks;
    const body = rest.length === 0 ? first : Buffer.concat(this.#chunks);
    const answer: Answer = {
      status: this.#status,
      body: parseJson(body?.toString('utf8') ?? ''),
      via: 'http',
      retryAfterMs: this.#retryAfterMs,
    };
    this.#on.resolve(answer, this.#theirs);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    this.#on.reject(error);
  }
}

function toTransportError(cause: unknown, { url, sent }: { url: string; sent: boolean }): TransportError {
  // A host with several addresses fails with one error per address.
  const first = cause instanceof AggregateError ? cause.errors[0] : cause;
  // The code is not enough: EHOSTUNREACH, for example, also ends an established connection.
  const failedToConnect =
    first instanceof errors.ConnectTimeoutError ||
    (first instanceof Error && 'syscall' in first && connecting.has(String(first.syscall)));
  // A failed handshake of TLS comes before the request.
  const reached = sent && !failedToConnect;
  return new TransportError(`${url} gave no answer: ${reasonOf(first)}`, { reached, cause });
}

/** Syscall and code of a system error, such as `connect ECONNREFUSED`; the rest of its message repeats the address. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { syscall, code } = error as NodeJS.ErrnoException;
  return syscall && code ? `${syscall} ${code}` : error.message || String(error);
}
