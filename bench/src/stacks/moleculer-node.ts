import { ServiceBroker, type ActionSchema, type BrokerOptions } from 'moleculer';
import type { Message, Receipt } from '../message.ts';
import type { Address, BenchClient, BenchServer } from '../stack.ts';
import { freePort } from './listen.ts';

const server = 'server';

/** Both ends use addresses; discovery over UDP would find other nodes on the network. */
function brokerOptions(nodeID: string, tcp: { port?: number; urls?: string }): BrokerOptions {
  return {
    nodeID,
    logger: false,
    transporter: {
      type: 'TCP',
      // Its limit of 1 MiB applies to all unread data, which is several messages when many are in flight.
      options: { udpDiscovery: false, useHostname: false, maxPacketSize: 64 * 1024 * 1024, ...tcp },
    },
  };
}

/** Starts a node that offers `notifications.notify`. */
export async function startNode(options: BrokerOptions, notify: ActionSchema): Promise<BenchServer> {
  const port = await freePort();
  const broker = new ServiceBroker({ ...brokerOptions(server, { port }), ...options });
  broker.createService({ name: 'notifications', actions: { notify } });
  await broker.start();
  return { address: { port }, close: () => broker.stop() };
}

/** Starts a node that calls it. */
export async function startCaller(options: BrokerOptions, { port }: Address): Promise<BenchClient> {
  const urls = `tcp://127.0.0.1:${port}/${server}`;
  const broker = new ServiceBroker({ ...brokerOptions(`client-${process.pid}`, { urls }), ...options });
  await broker.start();
  await broker.waitForServices('notifications', 10_000, 20);
  return {
    call: (message) => broker.call<Receipt, Message>('notifications.notify', message),
    close: () => broker.stop(),
  };
}
