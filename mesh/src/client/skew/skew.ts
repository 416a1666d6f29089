import { AsyncLocalStorage } from 'node:async_hooks';
import { describeContract, type AnyContract } from '../../contract/index.ts';
import type { Logger } from '../../telemetry/index.ts';
import type { Tls } from '../../tls/index.ts';
import { localError, type CallError } from '../call-error.ts';
import type { Address } from '../endpoints/resolve.ts';
import { notReached } from '../transports/transport.ts';
import type { Mismatch, Mismatches } from './mismatches.ts';

export interface SkewOptions {
  readonly contract: AnyContract;
  /** Name of the called service. */
  readonly target: string;
  /** Path of the procedures below the URL of an endpoint. */
  readonly basePath: string;
  readonly authorization: () => string | undefined;
  readonly tls: Tls | undefined;
  readonly log: Logger;
}

/** What is known of another contract: it is being read, it could not be read (and when), or what does not fit. */
type Known = Promise<void> | Readonly<{ failedAt: number }> | Mismatches;

/** Most contracts of a service that are remembered; a rolling release has two. */
const mostKnown = 8;
/** Time until a contract that could not be read is read again, in milliseconds. */
const readAgainMs = 60_000;
/** Longest wait for a contract, in milliseconds. */
const readTimeoutMs = 5000;

/** The comparison belongs to no call, although a call may start it. */
const outsideOfCalls = AsyncLocalStorage.snapshot();

/**
 * What a client knows of contracts that its servers were built with, where they differ from its own. A server says the
 * hash of its contract when a connection opens. An unknown one is read and compared in the background; calls go on
 * until then, and if it cannot be read.
 */
export class Skew {
  /** Whether a known contract does not fit; read for each attempt. */
  found = false;
  readonly #options: SkewOptions;
  readonly #known = new Map<string, Known>();
  /** Heard while another one was read. */
  #next: readonly [theirs: string, address: Address] | undefined;

  #ours: string | undefined;

  constructor(options: SkewOptions) {
    this.#options = options;
    // Takes some milliseconds, so that no call should wait for it: what is sent at once does not have it.
    outsideOfCalls(() => setImmediate(() => this.#describe()).unref());
  }

  /** Hash of the client's contract; `undefined` in the first moments, and for schemas that cannot be described. */
  get ours(): string | undefined {
    return this.#ours;
  }

  /** What a request says in `x-contract`, so that its answer names the contract of the server. */
  get question(): string | undefined {
    return this.#ours ?? '?';
  }

  /**
   * A process at this address has said which contract it was built with.
   *
   * @returns Resolves when that contract is compared, or could not be; `undefined` if there is nothing to wait for.
   */
  heard(theirs: string, address: Address): Promise<void> | undefined {
    if (this.#ours === undefined || theirs === this.#ours) return undefined;
    const known = this.#known.get(theirs);
    if (known instanceof Promise) return known;
    if (known instanceof Map) return undefined;
    if (known && performance.now() < known.failedAt + readAgainMs) return undefined;
    // One at a time: a server that says another hash each time must not be read each time.
    if ([...this.#known.values()].some((one) => one instanceof Promise)) {
      this.#next = [theirs, address];
      return undefined;
    }
    const reading = outsideOfCalls(() => this.#compare(theirs, { address, again: known !== undefined }));
    this.#learn(theirs, reading);
    return reading;
  }

  /** Why a call does not fit the contract of a server, if it does not. */
  mismatch(
    theirs: string | undefined,
    { path, input }: Readonly<{ path: string; input: unknown }>,
  ): Mismatch | undefined {
    const known = this.found && theirs !== undefined ? this.#known.get(theirs) : undefined;
    const mismatch = known instanceof Map ? known.get(path) : undefined;
    return mismatch?.accepts?.(input) === true ? undefined : mismatch;
  }

  /** Hashes of the contracts that a call does not fit, for `x-contract-unless`; `undefined` if none is known. */
  unfit(message: Readonly<{ path: string; input: unknown }>): string | undefined {
    if (!this.found) return undefined;
    const hashes = [...this.#known.keys()].filter((theirs) => this.mismatch(theirs, message));
    return hashes.length === 0 ? undefined : hashes.join(',');
  }

  /** Paths of the procedures that do not fit one of these contracts, at least for some inputs. */
  refused(contracts: readonly (string | null)[]): string[] {
    const paths = new Set<string>();
    for (const theirs of contracts) {
      const known = theirs === null ? undefined : this.#known.get(theirs);
      if (known instanceof Map) for (const path of known.keys()) paths.add(path);
    }
    return [...paths];
  }

  /** The error of a call that is refused before it is sent. */
  error(path: string, { rule, place, what, theirs, version }: Mismatch): CallError {
    const { target } = this.#options;
    const message =
      `${target}.${path} cannot be called: the server's contract (${theirs}, version ${version}) ` +
      `does not fit this client's (${this.ours}): ${rule}${place && ` at ${place}`}: ${what}`;
    return localError('CONTRACT_MISMATCH', message, { cause: notReached(message) });
  }

  #describe(): void {
    const { contract, target, log } = this.#options;
    try {
      this.#ours = describeContract(contract).hash;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.info({ target, reason }, 'the contract of this client cannot be described, and is not compared');
    }
  }

  async #compare(theirs: string, { address, again }: { address: Address; again: boolean }): Promise<void> {
    const { contract, target, log, basePath, authorization, tls } = this.#options;
    const fields = { target, endpoint: address.url, ours: this.ours, theirs };
    try {
      // Loaded only now: most clients never need the rules.
      const [{ readContract }, { mismatchesOf }] = await Promise.all([
        import('./read-contract.ts'),
        import('./mismatches.ts'),
      ]);
      const signal = AbortSignal.timeout(readTimeoutMs);
      const read = await readContract(address, { basePath, authorization: authorization(), tls, signal });
      const { snapshot: ours } = describeContract(contract);
      const mismatches = mismatchesOf(ours, read);
      // Otherwise another process of a rolling release has answered.
      if (read.hash !== theirs) this.#learn(theirs, { failedAt: performance.now() });
      this.#learn(read.hash, mismatches);
      const found = { ...fields, theirs: read.hash, version: read.snapshot.version };
      if (mismatches.size === 0)
        log.info(found, 'the server has another contract than this client, and all calls fit it');
      else
        log.warn(
          { ...found, refused: [...mismatches.keys()] },
          'the server has another contract than this client; calls that do not fit it are refused before they are sent',
        );
    } catch (error) {
      this.#learn(theirs, { failedAt: performance.now() });
      const reason = error instanceof Error ? error.message : String(error);
      if (!again)
        log.warn(
          { ...fields, reason },
          'the server has another contract than this client, and they could not be compared; calls go on',
        );
    }
    const next = this.#next;
    this.#next = undefined;
    if (next) void this.heard(...next);
  }

  /** Remembers a contract, and forgets the one that was not learnt for the longest time. */
  #learn(hash: string, known: Known): void {
    this.#known.delete(hash);
    this.#known.set(hash, known);
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostKnown && oldest !== undefined) this.#known.delete(oldest);
    this.found = [...this.#known.values()].some((one) => one instanceof Map && one.size > 0);
  }
}
