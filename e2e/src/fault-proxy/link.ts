import { connect, type Socket } from 'node:net';
import { createRandom, type Random } from '../hostile/random.ts';
import type { ConnectionFault } from './fault.ts';
import { Flow } from './flow.ts';
import { errorPage, isWhole } from './load-balancer.ts';

/**
 * How long a connection exists before it is reset at once, in milliseconds: an earlier RST would look like a
 * refused connection.
 */
const standsForMs = 5;

export interface LinkOptions {
  readonly target: Readonly<{ host: string; port: number }>;
  readonly fault: ConnectionFault;
  /** Draws the fault for a chunk; `undefined` for no change. */
  readonly draw: () => ConnectionFault | undefined;
  /** Called with everything that is passed on to the server. */
  readonly onPassedOn: (bytes: Buffer) => void;
}

/** A caller's connection, with the corresponding connection to the server. */
export class Link {
  readonly #caller: Socket;
  readonly #options: LinkOptions;
  readonly #toCaller: Flow;
  #server: Socket | undefined;
  #toServer: Flow | undefined;
  #fault: ConnectionFault = { kind: 'none' };
  #chance: Random = createRandom(0);
  /** Bytes of an answer that may still pass before it is cut off. */
  #passes = Infinity;
  /** Whether bytes in this direction were lost, so that nothing more may pass. */
  #deafToServer = false;
  #deafToCaller = false;
  /** A request that the proxy itself will answer. */
  #request: Buffer | undefined;

  /** @param caller Must allow half-open, because the proxy decides when it ends. */
  constructor(caller: Socket, options: LinkOptions) {
    this.#caller = caller;
    this.#options = options;
    this.#toCaller = new Flow(caller);
    caller.setNoDelay();
    caller.on('data', (chunk: Buffer) => this.#fromCaller(chunk));
    caller.on('end', () => this.#callerEnds());
    caller.on('error', () => {}); // its close event is enough
    caller.on('close', () => this.#end());
    this.#begin(options.fault);
  }

  /** Replaces the current fault. */
  apply(fault: ConnectionFault): void {
    if (fault.kind === 'http-error') this.#hangUp();
    else this.#begin(fault);
  }

  #begin(fault: ConnectionFault): void {
    this.#fault = fault;
    if (fault.kind === 'jitter') this.#chance = createRandom(fault.seed);
    this.#passes = fault.kind === 'truncate' ? fault.bytes : Infinity;
    if (fault.kind === 'reset' && fault.when === 'at-once') {
      setTimeout(() => this.reset(), standsForMs);
      return;
    }
    this.#toServer?.release();
    this.#toCaller.release();
  }

  /** Closes it with RST on both sides. */
  reset(): void {
    this.#caller.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  /** Closes it with FIN. */
  #hangUp(): void {
    this.#end();
    this.#caller.end();
  }

  #fromCaller(chunk: Buffer): void {
    this.#drawFault();
    if (!this.#caller.writable) return;
    const fault = this.#fault;
    if (this.#losesToServer() || (fault.kind === 'reset' && fault.when === 'at-once')) return;
    if (fault.kind === 'http-error') {
      this.#request = Buffer.concat([this.#request ?? Buffer.alloc(0), chunk]);
      // Unread bytes on a closed connection would turn FIN into RST.
      if (!isWhole(this.#request)) return;
      this.#toCaller.push(Buffer.from(errorPage(fault)), 0);
      this.#toCaller.push(undefined, 0);
      return;
    }
    this.#serverFlow().push(chunk, this.#waitMs());
  }

  #fromServer(chunk: Buffer): void {
    this.#drawFault();
    if (!this.#caller.writable) return;
    if (this.#losesToCaller()) return;
    const fault = this.#fault;
    if (fault.kind === 'reset') return this.reset();
    if (fault.kind === 'drip')
      return this.#toCaller.drip(chunk, { size: fault.bytes, everyMs: fault.everyMs });
    if (chunk.length < this.#passes) {
      this.#passes -= chunk.length;
      return this.#toCaller.push(chunk, this.#waitMs());
    }
    this.#toCaller.push(chunk.subarray(0, this.#passes), 0);
    this.#toCaller.push(undefined, 0);
    this.#deafToCaller = true;
  }

  /** Created when there is something to pass on. */
  #serverFlow(): Flow {
    if (this.#toServer) return this.#toServer;
    const server = connect({ ...this.#options.target, allowHalfOpen: true, noDelay: true });
    this.#server = server;
    server.on('data', (chunk: Buffer) => this.#fromServer(chunk));
    server.on('end', () => {
      if (!this.#losesToCaller()) this.#toCaller.push(undefined, this.#waitMs());
    });
    server.on('error', () => {
      if (!this.#losesToCaller()) this.#caller.resetAndDestroy();
    });
    return (this.#toServer = new Flow(server, this.#options.onPassedOn));
  }

  #callerEnds(): void {
    if (!this.#toServer || this.#losesToServer()) this.#caller.end();
    else this.#toServer.push(undefined, this.#waitMs());
  }

  /** Whether bytes that the caller sends now are lost, so that nothing more may pass. */
  #losesToServer(): boolean {
    if (this.#fault.kind === 'black-hole') this.#deafToServer = this.#deafToCaller = true;
    return this.#deafToServer;
  }

  #losesToCaller(): boolean {
    if (this.#fault.kind === 'half-open') this.#deafToCaller = true;
    return this.#losesToServer() || this.#deafToCaller;
  }

  #end(): void {
    this.#toCaller.clear();
    this.#toServer?.clear();
    this.#server?.destroy();
  }

  #drawFault(): void {
    const drawn = this.#options.draw();
    if (drawn) this.apply(drawn);
  }

  #waitMs(): number {
    const fault = this.#fault;
    if (fault.kind === 'delay') return fault.ms;
    if (fault.kind === 'jitter') return this.#chance.below(fault.ms + 1);
    return fault.kind === 'stall' ? Infinity : 0;
  }
}
