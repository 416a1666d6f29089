// node proxy.mjs <service>:<port>…
//
// The documented ports of this machine, for whatever number of replicas stands
// behind them: a port can be published by one container alone. Takes each
// connection to a replica whose /readyz answers 200, another one where that does
// not accept it, and to any of them while none is ready. Services among
// themselves do without it.

import { resolve4 } from 'node:dns/promises';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';

// Interval of the checks of each replica, and their timeout, in milliseconds. DRAIN_DELAY_MS is longer than
// both.
const everyMs = 1000;
const withinMs = 1000;
// How long connecting to a replica may take before the next one is tried, in milliseconds. A refused
// connection is known at once.
const connectMs = 2000;

// TCP keep-alive detects a side that disappeared.
const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 };

const serve = async (target) => {
  const [host, port] = target.split(':');
  const replicas = await watchReplicas(host, port);
  const lookup = (_name, _options, done) => replicas(done);
  const server = createServer(options, (caller) => {
    const replica = connect({ host, port, lookup, autoSelectFamilyAttemptTimeout: connectMs, ...options });
    join(caller, replica);
    join(replica, caller);
  });
  return server.listen(port);
};
const servers = await Promise.all(process.argv.slice(2).map(serve));

// Connections in progress may finish: the services end them when they stop.
process.on('SIGTERM', () => {
  for (const server of servers) server.close();
});

/**
 * Checks the replicas of a service periodically. The returned function gives their addresses: ready ones
 * first, starting with another one each time, in the order in which connect() tries them.
 */
async function watchReplicas(host, port) {
  let ready = [];
  let others = [];
  let turn = 0;
  const look = async () => {
    // If the name cannot be resolved, the list stays the same.
    const all = await resolve4(host).catch(() => [...ready, ...others]);
    const answers = await Promise.all(all.map((address) => isReady(address, port)));
    ready = all.filter((_, n) => answers[n]);
    others = all.filter((_, n) => !answers[n]);
    setTimeout(() => void look(), everyMs).unref();
  };
  await look();
  return (done) => {
    turn += 1;
    const first = ready.length === 0 ? 0 : turn % ready.length;
    const all = [...ready.slice(first), ...ready.slice(0, first), ...others];
    const entries = all.map((address) => ({ address, family: 4 }));
    process.nextTick(done, all.length === 0 ? new Error(`${host} is not found`) : null, entries);
  };
}

function isReady(host, port) {
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    const late = setTimeout(() => request.destroy(), withinMs);
    request.on('error', () => {});
    request.on('close', () => {
      clearTimeout(late);
      resolve(false);
    });
  });
}

function join(from, to) {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}
