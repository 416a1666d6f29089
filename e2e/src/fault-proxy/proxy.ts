import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createRandom } from '../hostile/random.ts';
import { noFault, type ConnectionFault, type Fault } from './fault.ts';
import { holdPort } from './held-port.ts';
import { Link } from './link.ts';

/** A TCP proxy between a caller and a service, which injects faults. */
export interface FaultProxy extends AsyncDisposable {
  /** Its address for callers, such as `http://127.0.0.1:40123`, which never changes. */
  readonly url: string;
  /** Number of open connections from callers. */
  readonly connections: number;
  /** Replaces the current fault, for existing and new connections; resolves when it is in force. */
  set(fault: Fault): Promise<void>;
}

/**
 * Starts a proxy without a fault.
 *
 * @param targetUrl The service's address, such as `http://127.0.0.1:8000`; the proxy connects to it with a
 * caller's first bytes.
 * @param options.onPassedOn Called with all bytes from callers that are passed on to the service.
 */
export async function startFaultProxy(
  targetUrl: string,
  { onPassedOn = () => {} }: { onPassedOn?: (bytes: Buffer) => void } = {},
): Promise<FaultProxy> {
  const { hostname: host, port } = new URL(targetUrl);
  const links = new Map<Socket, Link>();
  let fault: Fault = noFault;
  let draws = drawsOf(fault);
  let letGo = (): void => {};

  const server = createServer({ allowHalfOpen: true }, (caller) => {
    const link = new Link(caller, {
      target: { host, port: Number(port) },
      fault: draws.forConnection(),
      draw: () => draws.forChunk(),
      onPassedOn,
    });
    links.set(caller, link);
    caller.once('close', () => links.delete(caller));
  });
  const listen = async (at: number): Promise<void> => {
    server.listen(at, '127.0.0.1');
    await once(server, 'listening');
  };
  const reset = (): void => {
    for (const link of links.values()) link.reset();
  };
  await listen(0);
  const { port: own } = server.address() as AddressInfo;

  return {
    url: `http://127.0.0.1:${own}`,
    get connections() {
      return links.size;
    },
    async set(next) {
      fault = next;
      draws = drawsOf(next);
      if (next.kind !== 'refuse') {
        for (const link of links.values()) link.apply(draws.forConnection());
        if (server.listening) return;
        letGo();
        await listen(own);
      } else if (server.listening) {
        letGo = await holdPort(own, () => {
          server.close();
          reset();
        });
      }
    },
    async [Symbol.asyncDispose]() {
      reset();
      letGo();
      if (!server.listening) return;
      server.close();
      await once(server, 'close');
    },
  };
}

/** The faults of the next connection and of the next chunk; `undefined` for no change. */
interface Draws {
  forConnection(): ConnectionFault;
  forChunk(): ConnectionFault | undefined;
}

function drawsOf(fault: Fault): Draws {
  if (fault.kind === 'refuse') return { forConnection: () => noFault, forChunk: () => undefined };
  if (fault.kind !== 'random') return { forConnection: () => fault, forChunk: () => undefined };
  const { seed, faults, share, per } = fault;
  const chance = createRandom(seed);
  const draw = (): ConnectionFault =>
    chance.below(2 ** 31) < share * 2 ** 31 ? chance.pick(faults) : noFault;
  return per === 'connection'
    ? { forConnection: draw, forChunk: () => undefined }
    : { forConnection: () => noFault, forChunk: draw };
}
