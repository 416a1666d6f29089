import type { HostileRequest } from './exchange.ts';
import type { Random } from './random.ts';
import { chunked, get, goodTarget, head, post } from './wire.ts';

const service = 'wiki';
const half = `${post('content-length: 500')}{"slug":"half`;
const cuts = Array.from({ length: 30 }, (_, n) => half.slice(0, Math.ceil((half.length * (n + 1)) / 30)));
const noEnds = ['0', '5\r\n{}', '2\r\n{}\r\n', 'ff'].map(chunked);
const whole = [get(goodTarget), get('/health'), `${post('content-length: 2')}{}`];
const keptAlive = head(`GET ${goodTarget} HTTP/1.1`, 'host: wiki');

/** Requests that stop in the middle, arrive slowly, or arrive all at once. */
export const interrupted: readonly HostileRequest[] = [
  ...[...cuts, ...noEnds].map((cut): HostileRequest => {
    return { service, what: `an end after ${cut.length} bytes`, pieces: [cut], after: 'end' };
  }),
  ...[...cuts, ...whole].map((cut): HostileRequest => {
    return { service, what: `a reset after ${cut.length} bytes`, pieces: [cut], after: 'reset' };
  }),
  ...[5, 20].map((paceMs): HostileRequest => {
    return {
      service,
      what: `a byte every ${paceMs} ms`,
      pieces: get(goodTarget).split(''),
      paceMs,
      expect: [200],
    };
  }),
  { service, what: 'a trickle that stops', pieces: half.slice(0, 60).split(''), paceMs: 10, after: 'end' },
  { service, what: '50 requests in one write', pieces: [keptAlive.repeat(50)], answers: 50, expect: [200] },
  { service, what: 'rubbish behind a good request', pieces: [`${keptAlive}\0\0\0\r\n\r\n`], after: 'end' },
  {
    service,
    what: 'a request within a body',
    pieces: [get(goodTarget, `content-length: ${keptAlive.length}`) + keptAlive],
    expect: [200],
  },
];

const body = '{"slug":"flipped","title":"A page","body":"Some text"}';
const trace = 'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const originals = [
  get(`${goodTarget}?input=%7B%22limit%22%3A5%7D`),
  post('connection: close', `content-length: ${body.length}`) + body,
  chunked(`${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`),
  get('/health', 'accept: application/json', trace),
].map((text) => Buffer.from(text));

/** Valid requests with random bytes changed, removed and inserted. */
export function flipped(random: Random): HostileRequest[] {
  return Array.from({ length: 400 }, (_, n) => {
    let bytes = random.pick(originals);
    for (let change = random.below(4); change >= 0; change -= 1) {
      const at = random.below(bytes.length);
      const gone = random.below(3);
      bytes = Buffer.concat([
        bytes.subarray(0, at),
        random.bytes(random.below(3)),
        bytes.subarray(at + gone),
      ]);
    }
    return { service, what: `random change ${n}`, pieces: [bytes], after: 'end' };
  });
}
