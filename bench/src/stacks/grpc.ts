import {
  Client,
  credentials,
  Server,
  ServerCredentials,
  status,
  type ChannelOptions,
  type MethodDefinition,
} from '@grpc/grpc-js';
import { promisify } from 'node:util';
import { accept, messageSchema, type Message, type Receipt } from '../message.ts';
import type { Stack } from '../stack.ts';
import { proto } from './proto.ts';

const messageType = proto.lookupType('bench.Message');
const receiptType = proto.lookupType('bench.Receipt');

/**
 * The method as static code would define it: protobufjs's compiled encoders are called directly.
 * proto-loader's conversion from and to plain objects would cost more than the encoding.
 */
const notify: MethodDefinition<Message, Receipt> = {
  path: '/bench.Notifications/Notify',
  requestStream: false,
  responseStream: false,
  requestSerialize: (message) => messageType.encode(message).finish() as Buffer,
  requestDeserialize: (bytes) => messageType.decode(bytes) as unknown as Message,
  responseSerialize: (receipt) => receiptType.encode(receipt).finish() as Buffer,
  responseDeserialize: (bytes) => receiptType.decode(bytes) as unknown as Receipt,
};

/**
 * A window of 8 MiB, so that a message of 1 MB does not wait; retries and channelz would keep copies and
 * counters.
 */
const options: ChannelOptions = {
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
};

/** gRPC on one channel. */
export const grpcJs: Stack = {
  async startServer() {
    const server = new Server(options);
    server.addService(
      { notify },
      {
        notify(call: { request: Message }, callback: (error: object | null, receipt?: Receipt) => void) {
          const parsed = messageSchema.safeParse(call.request);
          if (parsed.success) callback(null, accept(parsed.data));
          else callback({ code: status.INVALID_ARGUMENT, details: 'The input does not fit' });
        },
      },
    );
    const bind = promisify(server.bindAsync.bind(server));
    const port = await bind('127.0.0.1:0', ServerCredentials.createInsecure());
    return { address: { port }, close: async () => server.forceShutdown() };
  },
  async startClient({ port }) {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), options);
    const { path, requestSerialize, responseDeserialize } = notify;
    return {
      call: (message) =>
        new Promise((resolve, reject) => {
          client.makeUnaryRequest(path, requestSerialize, responseDeserialize, message, (error, receipt) => {
            if (receipt) resolve(receipt);
            else reject(error ?? new Error('gRPC gave neither an answer nor an error'));
          });
        }),
      close: async () => client.close(),
    };
  },
};
