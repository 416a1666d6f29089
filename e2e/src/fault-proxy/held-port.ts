import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Takes a port at which nobody listens, so that the system gives it to nobody
 * else meanwhile: a connection of our own comes from it.
 *
 * @param free Frees the port; called once all else is ready.
 * @returns What lets go of it.
 */
export async function holdPort(port: number, free: () => void): Promise<() => void> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port: otherPort } = other.address() as AddressInfo;
  const ignore = (): void => {}; // whatever ends it, it is of no use but to be there
  const accepted = once(other, 'connection').then(([socket]: Socket[]) => socket?.on('error', ignore));
  free();
  const held = connect({ port: otherPort, host: '127.0.0.1', localPort: port, localAddress: '127.0.0.1' });
  held.on('error', ignore);
  await Promise.all([once(held, 'connect'), accepted]);
  other.close();
  return () => {
    held.resetAndDestroy();
  };
}
