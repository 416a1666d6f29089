import { isMainThread } from 'node:worker_threads';

// Loaded into each service before its own code (`node --import`): when the
// supervisor is gone, even by kill -9, the channel to it closes, and the
// service ends as on Ctrl-C. Nothing is ever sent on that channel.

if (isMainThread && process.channel) {
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  // A service that has nothing left to do may end by itself.
  process.channel.unref();
}
