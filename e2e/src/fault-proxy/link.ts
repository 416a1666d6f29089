import { connect, type Socket } from 'node:net';
import { createRandom, type Random } from '../hostile/random.ts';
import type { ConnectionFault } from './fault.ts';
import { Flow } from './flow.ts';
import { errorPage, isWhole } from './load-balancer.ts';

/**
 * So long a connection stands before it is reset at once, in milliseconds: a RST
 * that came before the caller has seen its connection would be a refusal.
 */
const standsForMs = 5;

/** What a link is made with. */
export interface LinkOptions {
  readonly target: Readonly<{ host: string; port: number }>;
  readonly fault: ConnectionFault;
  /** Draws the fault for a chunk; `undefined` leaves it as it is. */
  readonly draw: () => ConnectionFault | undefined;
  /** Told of all that is passed on to the server. */
  readonly onPassedOn: (bytes: Buffer) => void;
}

/** One connection of a caller, and the one to the server that belongs to it. */
export class Link {
  readonly #caller: Socket;
  readonly #options: LinkOptions;
  readonly #toCaller: Flow;
  #server: Socket | undefined;
  #toServer: Flow | undefined;
  #fault: ConnectionFault = { kind: 'none' };
  #chance: Random = createRandom(0);
  /** What is still to pass of an answer that is to be cut off, in bytes. */
  #passes = Infinity;
  /** Whether something was lost this way, so that nothing more passes. */
  #deafToServer = false;
  #deafToCaller = false;
  /** Of a request that the proxy itself will answer. */
  #request: Buffer | undefined;

  /** @param caller Must allow half-open: the proxy says when it ends. */
  constructor(caller: Socket, options: LinkOptions) {
    this.#caller = caller;
    this.#options = options;
    this.#toCaller = new Flow(caller);
    caller.setNoDelay();
    caller.on('data', (chunk: Buffer) => this.#fromCaller(chunk));
    caller.on('end', () => this.#callerEnds());
    caller.on('error', () => {}); // its close says enough
    caller.on('close', () => this.#end());
    this.#begin(options.fault);
  }

  /** Puts a fault in the place of the one before. */
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

  /** Ends it by RST on both sides. */
  reset(): void {
    this.#caller.resetAndDestroy();
    this.#server?.resetAndDestroy();
  }

  /** Ends it by FIN, as it is. */
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
      // What is left unread when a connection is closed makes a RST of its end.
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

  /** Made when there is something to pass on. */
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

  /** Whether what the caller sends now is lost, so that nothing more will pass. */
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
