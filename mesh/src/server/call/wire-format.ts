import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TRPCError } from '@trpc/server';
import type { AnyTRPCRouter, TRPCProcedureType } from '@trpc/server';
import type { HTTPBaseHandlerOptions } from '@trpc/server/http';
import type { ProcedureKind } from '../../contract/index.ts';
import type { MeshError } from '../../wire/index.ts';
import type { RawCall } from './raw-call.ts';

/** A failed call. */
export type Failed = Readonly<{
  /** As thrown. */
  thrown: unknown;
  failure: MeshError;
  path: string | undefined;
  kind: ProcedureKind | 'unknown';
  raw?: RawCall | undefined;
}>;

/** The `responseMeta` option of tRPC's adapters. */
export type ResponseMeta = NonNullable<
  HTTPBaseHandlerOptions<AnyTRPCRouter, IncomingMessage>['responseMeta']
>;

/** A failed call, as the `onError` of a router gets it. */
export interface RouterError {
  readonly error: TRPCError;
  readonly type: TRPCProcedureType | 'unknown';
  readonly path: string | undefined;
  readonly input: unknown;
  /** `undefined` if the call failed before it. */
  readonly ctx: unknown;
  readonly req: IncomingMessage | undefined;
}

/**
 * How a tRPC router writes its answers. Procedures of a contract have none: plain JSON, and the errors of
 * `errorShape`.
 */
export interface WireFormat {
  /** Most calls in one HTTP request. */
  readonly maxBatchSize: number;
  /** Longest body, in bytes. */
  readonly maxBodySize: number;
  /** Runs before each HTTP request for a procedure, such as `cors()`. */
  readonly middleware: ConnectMiddleware | undefined;
  /** The router's `responseMeta`: it needs tRPC's adapter. */
  readonly responseMeta: ResponseMeta | undefined;
  readonly onError: ((failed: RouterError) => void) | undefined;
  /** Restores an input from JSON. */
  decode(json: unknown): unknown;
  /** Turns an output into JSON. */
  encode(data: unknown): unknown;
  /** Reads the input whole. An invalid one is an error only if the procedure reads it. */
  readInput(raw: RawCall): unknown;
  /** The error as JSON, and its HTTP status. Tells the router's `onError`. */
  fail(failed: Failed): Readonly<{ status: number; error: unknown }>;
  /** The error of a call whose path and kind are not a procedure's. */
  unknown(path: string, kind: string): TRPCError;
}

/** A middleware of Connect and Express. */
export type ConnectMiddleware = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void;
