export { createKeyRetention, type KeyRetentionOptions } from './key-retention.ts';
export { once, type FromJson, type KeyedCall } from './once.ts';
