// node proxy.mjs <service>:<port>…
//
// The documented ports of this machine, for whatever number of replicas stands
// behind them: a port can be published by one container alone. Takes each
// connection to a replica of the service, another one where that does not
// accept it. Services among themselves do without it.

import { resolve4 } from 'node:dns';
import { connect, createServer } from 'node:net';

// A side that vanished without a word is noticed by TCP's own probes.
const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 };

const servers = process.argv.slice(2).map((target) => {
  const [host, port] = target.split(':');
  const server = createServer(options, (caller) => {
    const replica = connect({ host, port, lookup: allReplicas, ...options });
    join(caller, replica);
    join(replica, caller);
  });
  return server.listen(port);
});

// What is under way may end: the services end it, when they stop themselves.
process.on('SIGTERM', () => {
  for (const server of servers) server.close();
});

/** Docker's name server gives the replicas in an order of chance; connect() tries them one by one. */
function allReplicas(name, _options, done) {
  resolve4(name, (error, addresses = []) =>
    done(
      error,
      addresses.map((address) => ({ address, family: 4 })),
    ),
  );
}

function join(from, to) {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}
