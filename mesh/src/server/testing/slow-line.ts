import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** How long a chunk that does not come is waited for, in milliseconds. */
const patienceMs = 150;

/** A line to a server, for one connection, on which bytes pass when the test says so. */
export class SlowLine {
  readonly port: number;
  /** Whether the server's end is closed, which shows when all before it has passed. */
  isCut = false;
  readonly #slow: 'down' | 'up';
  #caller: Socket | undefined;
  #server: Socket | undefined;

  private constructor(port: number, slow: 'down' | 'up') {
    this.port = port;
    this.#slow = slow;
  }

  /** @param slow Which direction is slow: `down`, what the server sends, or `up`. The other one passes all. */
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

  /** Passes at most so many bytes, or those that are there. @returns How many. */
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

  /** Ends it. */
  close(): void {
    this.#caller?.destroy();
  }
}
