import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { parseNetwork } from '../../config/index.ts';

/** Where a call comes from. Not verified: for logs and limits only. */
export interface Peer {
  /** IP address of the sender. IPv4-mapped IPv6 appears as IPv4. */
  readonly address: string | undefined;
  /** The first 200 characters of `User-Agent`. */
  readonly userAgent: string | undefined;
}

/**
 * The peer of a call within this process.
 *
 * @example
 * const { address } = unknownPeer; // undefined
 */
export const unknownPeer: Peer = { address: undefined, userAgent: undefined };

export type PeerOf = (request: IncomingMessage) => Peer;

/** Most entries of `x-forwarded-for` to read, from its end. */
const longestWay = 16;

/**
 * Creates a function that returns the peer of a request: the remote end of its socket or, behind trusted proxies, the last
 * untrusted address of `x-forwarded-for`. Entries before that one may be forged and are ignored.
 *
 * @param trustedProxies IP addresses, and networks such as `10.0.0.0/8`.
 * @throws Error for an entry that is neither.
 */
export function createPeerOf(trustedProxies: readonly string[] = []): PeerOf {
  const isTrusted = createNetworkCheck(trustedProxies);
  return ({ socket, headers }) => {
    let address = normalAddress(socket.remoteAddress);
    if (trustedProxies.length > 0 && address !== undefined && isTrusted(address)) {
      address = lastStranger(address, forwardedFor(headers), isTrusted);
    }
    return { address, userAgent: headers['user-agent']?.slice(0, 200) };
  };
}

/** Creates a check whether an address of `PeerOf` is in one of `networks`. Takes and throws what `createPeerOf` does. */
export function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (!network) throw new Error(`"${text}" is neither an IP address nor a network`);
    list.addSubnet(network.address, network.bits, network.version);
  }
  return (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

function forwardedFor({ 'x-forwarded-for': value = '' }: IncomingMessage['headers']): string[] {
  return (typeof value === 'string' ? value : value.join(',')).split(',');
}

/** The last address that is not trusted. Stops at an entry that is not an address. */
function lastStranger(
  proxy: string,
  way: readonly string[],
  isTrusted: (address: string) => boolean,
): string {
  let known = proxy;
  for (const entry of way.slice(-longestWay).toReversed()) {
    const address = normalAddress(withoutPort(entry.trim()));
    if (address === undefined) return known;
    known = address;
    if (!isTrusted(address)) return known;
  }
  return known;
}

/** Some proxies write `192.0.2.1:4711` and `[2001:db8::1]:4711`. */
function withoutPort(entry: string): string {
  const [, bracketed, plain] = /^(?:\[([^\]]*)\](?::\d+)?|([\d.]+):\d+)$/.exec(entry) ?? [];
  return bracketed ?? plain ?? entry;
}

/** The canonical form of an address: `::ffff:127.0.0.1`, as a dual-stack socket gives it, becomes `127.0.0.1`. */
function normalAddress(text: string | undefined): string | undefined {
  // Without the interface of a link-local address (`fe80::1%eth0`).
  const address = text?.replace(/%.*$/, '');
  if (address === undefined || isIP(address) === 0) return undefined;
  if (isIPv4(address)) return address;
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xff_ff;
  if (!isMapped) return new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

function groupsOf(address: string): number[] {
  // URL gives it in lower case, and a trailing IPv4 part as two groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [numbers(head), numbers(tail ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

/**
 * The limit key of a peer's address: IPv4 itself, IPv6 its /64 (`2001:db8:0:0::/64`), since a host owns a whole /64.
 *
 * @example
 * networkOf('2001:db8::1'); // '2001:db8:0:0::/64'
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const four = groupsOf(address).slice(0, 4);
  return `${four.map((group) => group.toString(16)).join(':')}::/64`;
}
