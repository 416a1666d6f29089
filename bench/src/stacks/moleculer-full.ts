import type { BrokerOptions } from 'moleculer';
import { accept, type Message } from '../message.ts';
import type { Stack } from '../stack.ts';
import { startCaller, startNode } from './moleculer-node.ts';

/** Moleculer's versions of the mesh's features: retry, breaker, bulkhead, metrics and validation. */
const options: BrokerOptions = {
  retryPolicy: { enabled: true },
  circuitBreaker: { enabled: true },
  // Wide enough for every scenario, so that no call is refused.
  bulkhead: { enabled: true, concurrency: 512, maxQueueSize: 1024 },
  metrics: { enabled: true, reporter: [] },
  tracing: false,
  validator: true,
};

/** The message's schema for fastest-validator. */
const params = {
  id: 'uuid',
  userId: 'uuid',
  topic: 'string|min:1|max:64',
  title: 'string|min:1|max:200',
  body: 'string',
  createdAt: { type: 'string', pattern: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/ },
};

/** Moleculer over TCP, with its features. */
export const moleculerFull: Stack = {
  startServer: () =>
    startNode(options, { params, handler: ({ params: message }) => accept(message as Message) }),
  startClient: (address) => startCaller(options, address),
};
