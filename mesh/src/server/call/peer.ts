import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';
import { parseNetwork } from '../../config/index.ts';

/** Where a call comes from. Nothing of it is proved: it is for records and for limits. */
export interface Peer {
  /** The IP address of whoever sent the request; an IPv4 address stands as such. */
  readonly address: string | undefined;
  /** What the caller says of its software, up to 200 characters. */
  readonly userAgent: string | undefined;
}

/** Whoever calls without a network. */
export const unknownPeer: Peer = { address: undefined, userAgent: undefined };

/** Says where a request comes from. */
export type PeerOf = (request: IncomingMessage) => Peer;

/** So many of those who passed a request on are looked at; more of one's own proxies in a row there are not. */
const longestWay = 16;

/**
 * Makes what says where requests come from: the socket's other end, unless
 * that is a proxy to be trusted; then the last address of `x-forwarded-for`
 * that is none. What stands before that may be invented, and is not looked at.
 *
 * @param trustedProxies IP addresses, and networks as `10.0.0.0/8`.
 * @throws Error for what is neither.
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

/**
 * Makes what says whether an address that `PeerOf` gave is in one of these networks.
 *
 * @param networks IP addresses, and networks as `10.0.0.0/8`.
 * @throws Error for what is neither.
 */
export function createNetworkCheck(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const text of networks) {
    const network = parseNetwork(text);
    if (!network) throw new Error(`"${text}" is neither an IP address nor a network`);
    list.addSubnet(network.address, network.bits, network.version);
  }
  return (address) => list.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
}

/** Node has made one of several headers. */
function forwardedFor({ 'x-forwarded-for': value = '' }: IncomingMessage['headers']): string[] {
  return (typeof value === 'string' ? value : value.join(',')).split(',');
}

/** Goes back along the way of a request; where an entry is no address, who wrote it is as far as one knows. */
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

/** One address in one form: IPv4 as such, also where a socket that takes both versions shows ::ffff:127.0.0.1. */
function normalAddress(text: string | undefined): string | undefined {
  // The interface of a link-local address says nothing of who calls.
  const address = text?.replace(/%.*$/, '');
  if (address === undefined || isIP(address) === 0) return undefined;
  if (isIPv4(address)) return address;
  const groups = groupsOf(address);
  const isMapped = groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xff_ff;
  if (!isMapped) return new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [high = 0, low = 0] = groups.slice(6);
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

/** The eight numbers of an IPv6 address. */
function groupsOf(address: string): number[] {
  // As a URL has it: lower case, and an IPv4 ending as two groups.
  const [head = '', tail] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const numbers = (text: string) =>
    text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16));
  const [first, last] = [numbers(head), numbers(tail ?? '')];
  return [...first, ...Array.from({ length: 8 - first.length - last.length }, () => 0), ...last];
}

/**
 * Whom limits are for, of an address that `PeerOf` gave: an IPv4 address, or the /64 of an IPv6 one, as
 * `2001:db8:0:0::/64`, since one host has a whole network of these.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const four = groupsOf(address).slice(0, 4);
  return `${four.map((group) => group.toString(16)).join(':')}::/64`;
}
