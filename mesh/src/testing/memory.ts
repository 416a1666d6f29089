import {
  connect,
  SocketTransport,
  NotOpened,
  TransportError,
  type ConnectOptions,
  type MeshClient,
  type OpenSocket,
  type Transport,
} from '../client/index.ts';
import type { AnyContract, Caller } from '../contract/index.ts';
import type { Credentials } from '../identity/index.ts';
import { createService, type Handlers, type ServiceOptions } from '../server/index.ts';
import { unknownPeer } from '../server/call/peer.ts';
import { silentLogger } from './logger.ts';
import { MemorySocket, type MemoryLine } from './memory-socket.ts';

/** A service in memory. */
export interface MemoryService extends MemoryLine, AsyncDisposable {
  /** Address for clients of the same network. */
  readonly url: string;
  /** Whether it accepts new connections. @default true */
  reachable: boolean;
  /** Cuts all connections at once, like a process that was killed. */
  cut(): void;
  /** Drains and stops, as on SIGTERM. */
  stop(): Promise<void>;
}

/** Services and clients in one process, without sockets. */
export interface MemoryNetwork {
  /** Starts a service. @default anonymous callers, no log */
  serve<From extends AnyContract>(
    contract: From,
    handlers: Handlers<From>,
    options?: Partial<ServiceOptions>,
  ): MemoryService;
  /** Connects to services of this network, by their `url`. */
  connect<const To extends AnyContract, const As extends string>(
    to: To,
    options: Omit<ConnectOptions<As>, 'log' | 'transport'> & Partial<Pick<ConnectOptions<As>, 'log'>>,
  ): MeshClient<To, As>;
}

/**
 * Creates a network in memory: real clients and services, including retries, admission and drain, on connections
 * whose faults a test controls. With a fake clock (`useFakeClock`), tests take milliseconds.
 *
 * @example
 * const network = createMemoryNetwork();
 * await using service = network.serve(shopContract, handlers);
 * const client = network.connect(shopContract, { url: service.url, as: 'anyone' });
 * await client.items.get.query({ id: 'pen' });
 */
export function createMemoryNetwork(): MemoryNetwork {
  const services = new Map<string, OpenSocket>();
  return {
    serve<From extends AnyContract>(
      contract: From,
      handlers: Handlers<From>,
      options: Partial<ServiceOptions> = {},
    ): MemoryService {
      // A localhost name is not looked up.
      const url = `http://${contract.name}-${services.size + 1}.localhost`;
      const served = new Served(url, contract, handlers, options);
      services.set(url, served.open);
      return served;
    },
    connect: (to, options) =>
      connect(to, {
        log: silentLogger,
        ...options,
        transport: ({ url }) =>
          new SocketTransport(nowhere(url), {
            log: options.log ?? silentLogger,
            open: services.get(url) ?? refuse(url),
          }),
      }),
  };
}

class Served<From extends AnyContract> implements MemoryService {
  readonly url: string;
  delayMs = 0;
  loses: MemoryLine['loses'] = undefined;
  reachable = true;
  readonly #service;
  readonly #open = new Set<MemorySocket>();

  constructor(url: string, contract: From, handlers: Handlers<From>, options: Partial<ServiceOptions>) {
    this.url = url;
    this.#service = createService<From>(contract, handlers, {
      version: '1',
      log: silentLogger,
      pingDatabase: async () => {},
      ...options,
    });
    this.#service.readiness.ready();
  }

  readonly open: OpenSocket = async (url, { authorization }) => {
    if (!this.reachable) return refuse(url)(url, { authorization } as Parameters<OpenSocket>[1]);
    if (this.#service.closing.aborted) throw new NotOpened('the service is stopping', 'unavailable');
    const credentials = { authorization, userToken: undefined };
    const caller = await this.#callerOf(credentials);
    const { near, far } = MemorySocket.pair(this);
    this.#open.add(near);
    near.on('close', () => this.#open.delete(near));
    this.#service.sessions.add(far.asWebSocket(), { credentials, caller, peer: unknownPeer });
    return { socket: near.asWebSocket(), link: near as unknown as Link };
  };

  async #callerOf(credentials: Credentials): Promise<Caller> {
    try {
      return await this.#service.options.authenticate(credentials);
    } catch (error) {
      throw new NotOpened(String(error), 'credentials');
    }
  }

  cut(): void {
    for (const socket of this.#open) socket.terminate();
  }

  async stop(): Promise<void> {
    await this.#service.stop(async () => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await this.stop();
  }
}

type Link = Awaited<ReturnType<OpenSocket>>['link'];

function refuse(url: string): OpenSocket {
  return async () => {
    throw new NotOpened(`nobody is at ${url}`, 'unreached');
  };
}

/** Fallback transport that reaches no service. */
function nowhere(url: string): Transport {
  return {
    url,
    leaving: false,
    send: async () => {
      throw new TransportError(`nobody is at ${url}`, { reached: false });
    },
    close: async () => {},
  };
}
