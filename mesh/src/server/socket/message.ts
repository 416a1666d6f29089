import { MeshError, type SocketRequest } from '../../wire/index.ts';

/** A message that can be answered. */
export type SocketMessage = SocketRequest & { id: number | string };

const methods: ReadonlySet<unknown> = new Set(['query', 'mutation', 'subscription', 'subscription.stop']);

/** The id of whatever came, as far as it has one that can be answered. */
export function idOf(raw: unknown): number | string | null {
  const id = isObject(raw) ? raw['id'] : undefined;
  return typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id)) ? id : null;
}

/**
 * Reads one message as tRPC does.
 *
 * @throws MeshError BAD_REQUEST saying what of it is wrong.
 */
export function readMessage(raw: unknown): SocketMessage {
  if (!isObject(raw)) throw malformed('it is no object');
  const { jsonrpc, method, params, headers } = raw;
  if (idOf(raw) === null) throw malformed('`id` is required');
  if (jsonrpc !== undefined && jsonrpc !== '2.0') throw malformed('`jsonrpc` is not "2.0"');
  if (!methods.has(method)) throw malformed('`method` is none of a procedure');
  if (method !== 'subscription.stop') {
    if (!isObject(params) || typeof params['path'] !== 'string')
      throw malformed('`params.path` is no string');
    const { lastEventId } = params;
    if (lastEventId !== undefined && typeof lastEventId !== 'string')
      throw malformed('`params.lastEventId` is no string');
  }
  if (headers !== undefined && !isObject(headers)) throw malformed('`headers` is no object');
  return raw as SocketMessage;
}

function malformed(reason: string): MeshError {
  return new MeshError('BAD_REQUEST', `The message is not one of tRPC's: ${reason}`);
}

/** Whether JSON held an object, and no array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
