// node proxy.mjs <service>:<port>…
//
// The documented ports of this machine, for whatever number of replicas stands
// behind them: a port can be published by one container alone. Takes each
// connection to a replica whose /readyz answers 200, another one where that does
// not accept it, and to any of them while none is ready. Services among
// themselves do without it.

import { promises, resolve4 } from 'node:dns';
import { get } from 'node:http';
import { connect, createServer } from 'node:net';

// How often each replica is asked, in milliseconds, and how long it has to answer. DRAIN_DELAY_MS is longer than both.
const everyMs = 1000;
const withinMs = 1000;

// A side that vanished without a word is noticed by TCP's own probes.
const options = { allowHalfOpen: true, noDelay: true, keepAlive: true, keepAliveInitialDelay: 10_000 };

const servers = process.argv.slice(2).map((target) => {
  const [host, port] = target.split(':');
  const lookup = lookUpAmong(watchReplicas(host, port));
  const server = createServer(options, (caller) => {
    const replica = connect({ host, port, lookup, ...options });
    join(caller, replica);
    join(replica, caller);
  });
  return server.listen(port);
});

// What is under way may end: the services end it, when they stop themselves.
process.on('SIGTERM', () => {
  for (const server of servers) server.close();
});

/** Asks the replicas of a service again and again; the set holds the addresses of those that are ready. */
function watchReplicas(host, port) {
  const ready = new Set();
  const look = async () => {
    const addresses = await promises.resolve4(host).catch(() => []);
    const answers = await Promise.all(addresses.map((address) => isReady(address, port)));
    ready.clear();
    for (const [n, address] of addresses.entries()) if (answers[n]) ready.add(address);
    setTimeout(look, everyMs).unref();
  };
  void look();
  return ready;
}

function isReady(host, port) {
  return new Promise((resolve) => {
    const signal = AbortSignal.timeout(withinMs);
    const request = get({ host, port, path: '/readyz', agent: false, signal }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    request.on('error', () => resolve(false));
  });
}

/** Addresses in an order of chance, as connect() tries them one by one. Docker's name server gives all of them so. */
function lookUpAmong(ready) {
  return (name, _options, done) => {
    if (ready.size === 0) resolve4(name, (error, addresses = []) => done(error, addresses.map(toEntry)));
    else process.nextTick(done, null, shuffle([...ready]).map(toEntry));
  };
}

const toEntry = (address) => ({ address, family: 4 });

function shuffle(list) {
  for (let n = list.length - 1; n > 0; n -= 1) {
    const other = Math.floor(Math.random() * (n + 1));
    [list[n], list[other]] = [list[other], list[n]];
  }
  return list;
}

function join(from, to) {
  from.pipe(to);
  from.on('error', () => to.destroy());
  from.on('close', () => to.destroySoon());
}
