import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Longest wait for a chunk, in milliseconds. */
const patienceMs = 150;

/** A proxy for one connection that passes bytes when the test asks for it. */
export class SlowLine {
  readonly port: number;
  /** Whether the server has closed the connection, once all earlier bytes have passed. */
  isCut = false;
  readonly #slow: 'down' | 'up';
  #caller: Socket | undefined;
  #server: Socket | undefined;

  private constructor(port: number, slow: 'down' | 'up') {
    this.port = port;
    this.#slow = slow;
  }

  /** @param slow The slow direction: `down` is from the server. The other one passes everything. */
  static async to(serverPort: number, slow: 'down' | 'up'): Promise<SlowLine> {
    const door = createServer((caller) => {
      door.close();
      line.#join(caller, connect(serverPort, '127.0.0.1'));
    });
    door.listen(0, '127.0.0.1');
    await once(door, 'listening');
    const line = new SlowLine((door.address() as AddressInfo).port, slow);
    return line;
  }

  #join(caller: Socket, server: Socket): void {
    this.#caller = caller;
    this.#server = server;
    for (const socket of [caller, server]) socket.on('error', () => {});
    server.on('close', () => {
      this.isCut = true;
      caller.destroy();
    });
    caller.on('close', () => server.destroy());
    if (this.#slow === 'down') caller.pipe(server);
    else server.pipe(caller);
  }

  /** Passes up to `most` bytes of those available. @returns How many. */
  async pass(most: number): Promise<number> {
    const [from, to] = this.#slow === 'down' ? [this.#server, this.#caller] : [this.#caller, this.#server];
    if (!from || !to) return 0;
    let passed = 0;
    while (passed < most && !this.isCut) {
      const chunk = from.read(Math.min(most - passed, Math.max(1, from.readableLength))) as Buffer | null;
      if (chunk) {
        passed += chunk.length;
        to.write(chunk);
        continue;
      }
      const more = await Promise.race([
        once(from, 'readable').then(() => true),
        delay(patienceMs).then(() => false),
      ]);
      if (!more && from.readableLength === 0) break;
    }
    return passed;
  }

  close(): void {
    this.#caller?.destroy();
  }
}
