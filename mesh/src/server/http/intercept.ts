import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { MeshError } from '../../wire/index.ts';
import { asksForSocket, refuseUpgrade } from '../socket/accept.ts';
import { requestIdOf } from './request-headers.ts';

interface Interception {
  /** The target as the listeners below get it; `undefined` if it is not theirs. */
  readonly pathOf: (target: string) => string | undefined;
  readonly onRequest: (request: IncomingMessage, response: ServerResponse) => void;
  readonly onUpgrade: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/**
 * Takes the requests and WebSockets of some paths from a server's listeners. It replaces `emit` instead of the listeners:
 * frameworks add theirs before and after, and Next adds one for upgrades at the first request.
 */
export function interceptPaths(server: Server, { pathOf, onRequest, onUpgrade }: Interception): void {
  const { emit } = server;
  server.emit = (event: string | symbol, ...given: unknown[]): boolean => {
    if (event !== 'request' && event !== 'upgrade')
      return Reflect.apply(emit, server, [event, ...given]) as boolean;
    const [request, second, head] = given as [IncomingMessage, unknown, Buffer];
    const path = pathOf(request.url ?? '/');
    if (path !== undefined) {
      request.url = path;
      if (event === 'request') onRequest(request, second as ServerResponse);
      else onUpgrade(request, second as Duplex, head);
      return true;
    }
    if (event === 'upgrade' && !hasOther(server)) {
      const failure = new MeshError('NOT_FOUND', 'WebSockets are not accepted at this path');
      refuseUpgrade(second as Duplex, failure, requestIdOf(request));
      return true;
    }
    return Reflect.apply(emit, server, [event, ...given]) as boolean;
  };
  listenForUpgrades(server, pathOf);
}

/** Makes Node emit the upgrades of these paths, and others as before. */
function listenForUpgrades(server: Server, pathOf: Interception['pathOf']): void {
  // Node emits upgrades only if there is a listener.
  server.on('upgrade', () => {});
  const upgradable = server as Server & { shouldUpgradeCallback?: (request: IncomingMessage) => boolean };
  const original = upgradable.shouldUpgradeCallback;
  // From Node 24.9 on.
  if (!original) return;
  upgradable.shouldUpgradeCallback = (request) =>
    pathOf(request.url ?? '/') === undefined
      ? hasOther(server) && original.call(server, request)
      : asksForSocket(request);
}

/** Whether the server has an upgrade listener besides the one that is added here. */
function hasOther(server: Server): boolean {
  return server.listenerCount('upgrade') > 1;
}
