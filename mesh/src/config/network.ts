import { isIP } from 'node:net';

/** An IP address or network. */
export interface Network {
  readonly address: string;
  readonly version: 'ipv4' | 'ipv6';
  /** Length of the prefix; all bits for a single address. */
  readonly bits: number;
}

/**
 * Parses an address or network, for example `10.0.0.1`, `10.0.0.0/8`, `2001:db8::/32`; `undefined` if it is neither.
 *
 * @example
 * if (!parseNetwork('10.0.0.0/8')) throw new Error('not a network');
 */
export function parseNetwork(text: string): Network | undefined {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || address.includes('%') || more.length > 0) return undefined;
  const longest = version === 4 ? 32 : 128;
  if (bits !== undefined && !(/^\d{1,3}$/.test(bits) && Number(bits) <= longest)) return undefined;
  return {
    address,
    version: version === 4 ? 'ipv4' : 'ipv6',
    bits: bits === undefined ? longest : Number(bits),
  };
}
