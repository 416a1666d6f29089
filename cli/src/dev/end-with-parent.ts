import { isMainThread } from 'node:worker_threads';

// Loaded into each service before its own code (`node --import`). When the supervisor is gone, even after
// kill -9, its channel closes and the service stops as on Ctrl-C. No messages are sent on the channel.

if (isMainThread && process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // The channel must not keep a finished service running.
  process.channel.unref();
}
