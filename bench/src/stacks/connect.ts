import { createFileRegistry, fromBinary, type Message as ProtoMessage } from '@bufbuild/protobuf';
import type { GenMessage, GenService } from '@bufbuild/protobuf/codegenv2';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createClient } from '@connectrpc/connect';
import { connectNodeAdapter, createConnectTransport } from '@connectrpc/connect-node';
import { Agent, createServer } from 'node:http';
import type protobuf from 'protobufjs';
import descriptor from 'protobufjs/ext/descriptor/index.js';
import { accept, messageSchema, type Message, type Receipt } from '../message.ts';
import type { Stack } from '../stack.ts';
import { listen } from './listen.ts';
import { proto } from './proto.ts';

/** The types that Buf's generator would create for `notify.proto`. */
type Typed<Name extends string, Shape> = GenMessage<ProtoMessage<Name> & Shape>;
type Notifications = GenService<{
  notify: {
    methodKind: 'unary';
    input: Typed<'bench.Message', Message>;
    output: Typed<'bench.Receipt', Receipt>;
  };
}>;

/**
 * The service in `notify.proto`. Besides types, the generator would create the same descriptor; protobuf-es
 * runs in both cases.
 */
function readService(): Notifications {
  // protobufjs adds `toDescriptor` when the extension is loaded; its types do not include it.
  const root = proto as unknown as { toDescriptor(syntax: string): protobuf.Message };
  const bytes = descriptor.FileDescriptorSet.encode(root.toDescriptor('proto3')).finish();
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  const service = registry.getService('bench.Notifications');
  if (!service) throw new Error('notify.proto does not hold the service');
  return service as Notifications;
}

const service = readService();

/** Connect's own protocol over HTTP/1.1, in its binary format, without compression. */
export const connectRpc: Stack = {
  startServer: () =>
    listen(
      createServer(
        connectNodeAdapter({
          acceptCompression: [],
          grpc: false,
          grpcWeb: false,
          routes: (router) =>
            router.service(service, {
              notify(message) {
                const parsed = messageSchema.safeParse(message);
                if (parsed.success) return accept(parsed.data);
                throw new ConnectError('The input does not fit', Code.InvalidArgument);
              },
            }),
        }),
      ),
    ),
  async startClient({ port }) {
    const agent = new Agent({ keepAlive: true });
    const transport = createConnectTransport({
      baseUrl: `http://127.0.0.1:${port}`,
      httpVersion: '1.1',
      useBinaryFormat: true,
      acceptCompression: [],
      nodeOptions: { agent },
    });
    const client = createClient(service, transport);
    return { call: (message) => client.notify(message), close: async () => agent.destroy() };
  },
};
