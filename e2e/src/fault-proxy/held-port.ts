import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/**
 * Reserves a port without listening on it, so that the system does not assign it to another program: one of
 * our own connections uses it.
 *
 * @param free Frees the port; called once everything else is ready.
 * @returns A function that releases the port.
 */
export async function holdPort(port: number, free: () => void): Promise<() => void> {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port: otherPort } = other.address() as AddressInfo;
  const ignore = (): void => {}; // errors do not matter: it only has to exist
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
