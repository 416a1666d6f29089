import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** `notify.proto`, parsed; names become camelCase, as in all other rows. */
export const proto = await protobuf.load(fileURLToPath(new URL('notify.proto', import.meta.url)));
