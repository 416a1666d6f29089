import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MeshError } from '../../wire/index.ts';
import type { Service } from '../service.ts';
import { errorAnswer, writeAnswer, type Answer, type Route } from './answer.ts';
import { metricsRoute } from './metrics-route.ts';
import { requestIdOf } from './request-headers.ts';
import { createHttpServer } from './secure-server.ts';

/**
 * Serves `/metrics`, and nothing else, on a port of its own.
 *
 * @param port 0 for any free port.
 * @returns Its port, and how to close it.
 * @throws the system's error if the port cannot be used.
 */
export async function serveMetrics(
  service: Service,
  { host, port }: { host: string; port: number },
): Promise<{ port: number; close: () => Promise<void> }> {
  const route = metricsRoute(service);
  const server = createHttpServer({}, service.options);
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    answerOf(service, route, request).then(
      (answer) => writeAnswer(request, response, answer),
      (error: unknown) => {
        const failure =
          error instanceof MeshError
            ? error
            : new MeshError('INTERNAL_SERVER_ERROR', '/metrics failed', { cause: error });
        writeAnswer(request, response, errorAnswer(failure, requestIdOf(request)));
      },
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answerOf({ certificates }: Service, route: Route, request: IncomingMessage): Promise<Answer> {
  certificates?.mustBeValid(request);
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  const isMetrics = isRead && request.url?.split('?')[0] === '/metrics';
  const answer = isMetrics ? await route(request) : undefined;
  if (!answer) throw new MeshError('NOT_FOUND', 'This port answers GET /metrics only');
  return answer;
}
