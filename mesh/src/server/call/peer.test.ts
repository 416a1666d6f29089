import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { createPeerOf, networkOf } from './peer.ts';

function addressOf(trusted: readonly string[], from: string, forwardedFor?: string): string | undefined {
  const socket = new Socket();
  Object.defineProperty(socket, 'remoteAddress', { value: from });
  const request = new IncomingMessage(socket);
  if (forwardedFor !== undefined) request.headers['x-forwarded-for'] = forwardedFor;
  return createPeerOf(trusted)(request).address;
}

const proxies = ['10.0.0.0/8', '192.0.2.7', '2001:db8:1::/48'];

describe('the address of a request', () => {
  test.each([
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
  ])('%s is %s', (from, address) => {
    expect(addressOf([], from)).toBe(address);
  });

  test.each([
    ['no trusted proxies', [], '10.0.0.1', '203.0.113.9', '10.0.0.1'],
    ['from an untrusted sender', proxies, '198.51.100.1', '203.0.113.9', '198.51.100.1'],
    ['from a trusted proxy', proxies, '10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['from a proxy as IPv4-mapped IPv6', proxies, '::ffff:10.0.0.1', '203.0.113.9', '203.0.113.9'],
    ['from a proxy over IPv6', proxies, '2001:db8:1::5', '2001:db8:9::1', '2001:db8:9::1'],
    ['through several proxies', proxies, '10.0.0.1', '203.0.113.9, 192.0.2.7 ,10.1.1.1', '203.0.113.9'],
    ['with a forged entry in front', proxies, '10.0.0.1', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['with a port', proxies, '10.0.0.1', '203.0.113.9:4711', '203.0.113.9'],
    ['with a port, over IPv6', proxies, '10.0.0.1', '[2001:db8:9::1]:4711', '2001:db8:9::1'],
    ['only proxies: the farthest', proxies, '10.0.0.1', '10.0.0.3, 10.0.0.2', '10.0.0.3'],
    ['no header', proxies, '10.0.0.1', undefined, '10.0.0.1'],
    ['an empty header', proxies, '10.0.0.1', '', '10.0.0.1'],
    ['an invalid entry', proxies, '10.0.0.1', 'unknown', '10.0.0.1'],
    ['an invalid entry behind a proxy', proxies, '10.0.0.1', '1.1.1.1, <script>, 10.0.0.2', '10.0.0.2'],
    ['an octet too many', proxies, '10.0.0.1', '1.2.3.4.5', '10.0.0.1'],
    ['brackets around nothing', proxies, '10.0.0.1', '[]', '10.0.0.1'],
    ['thousands of entries', proxies, '10.0.0.1', '10.0.0.2,'.repeat(5000), '10.0.0.1'],
  ])('%s', (...row) => {
    const [, trusted, from, header, address] = row;
    expect(addressOf(trusted, from, header)).toBe(address);
  });

  test.each(['10.0.0.0/33', '10.0.0', '::/129', '10.0.0.1/8/8', '10.0.0.1/', 'localhost', ''])(
    'rejects %j as a proxy',
    (proxy) => {
      expect(() => createPeerOf([proxy])).toThrow('neither an IP address nor a network');
    },
  );
});

test('networkOf is an IPv4 address itself, or the /64 of an IPv6 address', () => {
  expect(networkOf('192.0.2.1')).toBe('192.0.2.1');
  expect(networkOf('2001:db8::1')).toBe('2001:db8:0:0::/64');
  expect(networkOf('2001:db8:0:0:ffff:1:2:3')).toBe(networkOf('2001:db8::1'));
  expect(networkOf('2001:db8:0:1::1')).not.toBe(networkOf('2001:db8::1'));
  expect(networkOf('::1')).toBe('0:0:0:0::/64');
  expect(networkOf('1::')).toBe('1:0:0:0::/64');
});
