// node proxy.mjs <service>:<port>…
//
// The documented ports of this machine, for whatever number of replicas stands
// behind them: a port can be published by one container alone. Takes each
// connection to a replica of the service, another one where that does not
// accept it. Services among themselves do without it.

import { resolve4 } from 'node:dns';
import { connect, createServer } from 'node:net';

for (const target of process.argv.slice(2)) {
  const [host, port] = target.split(':');
  createServer({ allowHalfOpen: true, noDelay: true }, (caller) => {
    const replica = connect({ host, port, lookup: allReplicas, allowHalfOpen: true, noDelay: true });
    join(caller, replica);
    join(replica, caller);
  }).listen(port);
}

process.on('SIGTERM', () => process.exit());

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
  from.on('close', () => to.end());
}
