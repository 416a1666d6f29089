import { isIPv6, type LookupFunction } from 'node:net';

/**
 * The option by which a socket connects to an address of the host's that is
 * known already. Everything else goes by the host's name: the Host header, and
 * for TLS the name that is asked for and that the certificate must have.
 *
 * @param ip None where the system is to find the address.
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
