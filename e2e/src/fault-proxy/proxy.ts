import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createRandom } from '../hostile/random.ts';
import { noFault, type ConnectionFault, type Fault } from './fault.ts';
import { holdPort } from './held-port.ts';
import { Link } from './link.ts';

/** Something between a caller and a service, at the level of TCP, that does to connections what it is told. */
export interface FaultProxy extends AsyncDisposable {
  /** Where callers find it, as `http://127.0.0.1:40123`. The same whatever is set. */
  readonly url: string;
  /** How many connections of callers stand. */
  readonly connections: number;
  /** Puts a fault in the place of the one before, for connections that stand and for new ones; resolves when it is there. */
  set(fault: Fault): Promise<void>;
}

/**
 * Starts one, without a fault.
 *
 * @param targetUrl Where the service is, as `http://127.0.0.1:8000`; it is connected to with the first bytes of a caller.
 * @param options.onPassedOn Told of all bytes of callers that are passed on to the service.
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

/** Which fault the next connection meets, and which the next chunk; `undefined` leaves a connection as it is. */
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
