import { isIPv6, type LookupFunction } from 'node:net';

/**
 * Socket option to connect to a known address of the host. The Host header and the TLS server name stay the host's
 * name.
 *
 * @param ip `undefined` if the system resolves the name.
 */
export function connectingTo(ip: string | undefined): { lookup?: LookupFunction } {
  if (ip === undefined) return {};
  const found = { address: ip, family: isIPv6(ip) ? 6 : 4 };
  return {
    lookup(_host, { all }, callback) {
      if (all) callback(null, [found]);
      else callback(null, found.address, found.family);
    },
  };
}
