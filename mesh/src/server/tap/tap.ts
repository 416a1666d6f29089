import { randomUUID } from 'node:crypto';
import type { Caller, ProcedureKind } from '../../contract/index.ts';
import { callerName } from '../access/access-control.ts';
import { toMeshError, type ClassifyError } from '../call/failure.ts';
import type { RawCall } from '../call/raw-call.ts';

/** What `/api/tap` shows: nothing; calls; calls with their input and output, without what looks like a secret. */
export type TapMode = 'off' | 'calls' | 'payloads';

/** Most calls that are kept for readers. */
const mostCalls = 1000;

/** Calls are kept for this long after the last reader asked, in milliseconds. */
const leaseMs = 10_000;

/** A call as `/api/tap` shows it, once it has ended. */
export interface TappedCall {
  readonly at: string;
  readonly procedure: string;
  readonly kind: ProcedureKind;
  /** As in metrics: a service, the role of a user, or `anyone`; `null` if it was refused before that was known. */
  readonly caller: string | null;
  /** Id of the user behind the call. */
  readonly user: string | null;
  readonly code: string;
  readonly duration_ms: number;
  readonly request_id: string;
  readonly trace_id: string | null;
  /** JSON, cut, with secrets masked; absent unless the mode is `payloads`. */
  readonly input?: string | undefined;
  readonly output?: string | undefined;
}

/** What `/api/tap` answers. */
export interface TapPage {
  /** Where this process is; to be sent with the next request. */
  readonly cursor: string;
  /** Calls after the cursor of the request that are no longer kept. */
  readonly lost: number;
  readonly calls: readonly TappedCall[];
}

/** The procedure of a call. */
type Tapped = Readonly<{
  path: string;
  procedure: { kind: ProcedureKind };
  classify: ClassifyError | undefined;
}>;

type Ended = Readonly<{
  raw: RawCall;
  caller: Caller | undefined;
  traceId: string | undefined;
  durationMs: number;
  error: unknown;
  input?: unknown;
  output?: unknown;
}>;

/**
 * The calls of a service as they end, for those who watch. While none does, a call costs one read of `listening`, and nothing
 * is kept. A reader comes back with its cursor; one that is slower than the calls is told how many it has lost.
 */
export class Tap {
  /** Whether a reader has asked within the last ten seconds. A property, so that calls need no function call. */
  listening = false;
  readonly mode: TapMode;
  /** Tells this process from other replicas, and from its predecessors. */
  readonly #instance = randomUUID().slice(0, 8);
  readonly #calls: TappedCall[] = [];
  /** Calls that are no longer kept. */
  #dropped = 0;
  #lease: NodeJS.Timeout | undefined;
  /** Calls that are recorded: each once. */
  readonly #recorded = new WeakSet<RawCall>();

  constructor(mode: TapMode = 'calls') {
    this.mode = mode;
  }

  /**
   * The calls since a reader's last request.
   *
   * @param cursors Of all processes that the reader knows, separated by commas: there may be a load balancer between.
   */
  read(cursors: string): TapPage {
    this.#listen();
    const end = this.#dropped + this.#calls.length;
    const [, given] =
      cursors
        .split(',')
        .map((one) => one.split(':'))
        .find(([name]) => name === this.#instance) ?? [];
    // A new reader sees what comes next.
    const from = /^\d{1,15}$/.test(given ?? '') ? Math.min(Number(given), end) : end;
    return {
      cursor: `${this.#instance}:${end}`,
      lost: Math.max(0, this.#dropped - from),
      calls: this.#calls.slice(Math.max(0, from - this.#dropped)),
    };
  }

  /** Records a call that has ended. Only while `listening`. */
  add({ path, procedure, classify }: Tapped, ended: Ended): void {
    const { raw, caller, error, durationMs, traceId } = ended;
    this.#recorded.add(raw);
    this.#calls.push({
      at: new Date().toISOString(),
      procedure: path,
      kind: procedure.kind,
      caller: caller ? callerName(caller) : null,
      user: caller?.user?.id ?? null,
      code: error === undefined ? 'OK' : toMeshError(error, classify).code,
      duration_ms: Math.round(durationMs * 100) / 100,
      request_id: raw.requestId,
      trace_id: traceId ?? null,
      ...(this.mode === 'payloads' && { input: payloadText(ended.input), output: payloadText(ended.output) }),
    });
    if (this.#calls.length <= mostCalls) return;
    this.#calls.shift();
    this.#dropped += 1;
  }

  /** Records a call if it is refused before its caller is known. Only while `listening`. */
  follow(of: Tapped, raw: RawCall, answer: Promise<unknown>): void {
    const arrivedAt = performance.now();
    answer.catch((error: unknown) => {
      if (this.#recorded.has(raw)) return;
      const durationMs = performance.now() - arrivedAt;
      this.add(of, { raw, caller: undefined, traceId: raw.trace?.traceId, durationMs, error });
    });
  }

  /** Keeps nothing from now on. */
  readonly stop = (): void => {
    clearTimeout(this.#lease);
    this.listening = false;
    this.#dropped += this.#calls.length;
    this.#calls.length = 0;
  };

  #listen(): void {
    this.listening = true;
    clearTimeout(this.#lease);
    this.#lease = setTimeout(this.stop, leaseMs).unref();
  }
}

/** Most characters of a payload. */
const mostCharacters = 2000;

/** Names of fields that hold a secret, or what proves one. */
const secret =
  /pass(word|phrase)|token|secret|credential|authorization|cookie|otp|code|key$|^keys?$|signature|hash/i;

/** A payload as JSON for people: fields whose name looks like a secret are masked, and the end is cut. */
function payloadText(payload: unknown): string | undefined {
  let text: string | undefined;
  try {
    text = JSON.stringify(payload, (name, value: unknown) => (secret.test(name) ? '[hidden]' : value));
  } catch {
    return '[not JSON]';
  }
  // `undefined` has no JSON.
  if (text === undefined || text.length <= mostCharacters) return text;
  return `${text.slice(0, mostCharacters)}…`;
}
