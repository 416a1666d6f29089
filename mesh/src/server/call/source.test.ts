import { expect, test } from 'vitest';
import { nobody } from '../../contract/index.ts';
import { unknownPeer } from './peer.ts';
import { sourceOf } from './source.ts';

const user = { id: 'u', name: 'Ann', role: 'user', tokenId: 't', expiresAt: Infinity } as const;
const service = { id: 's', name: 'till', tokenId: 't', expiresAt: Infinity };
const at = (address: string) => ({ ...unknownPeer, address });

test('a user is one source from any address; anonymous callers share one by network', () => {
  const ann = { service: undefined, user };
  expect(sourceOf({ caller: ann, peer: at('192.0.2.1') })).toBe(
    sourceOf({ caller: ann, peer: at('192.0.2.2') }),
  );
  expect(sourceOf({ caller: { service, user }, peer: unknownPeer })).toBe('user u');
  expect(sourceOf({ caller: { service, user: undefined }, peer: unknownPeer })).toBe('service till');
  const alone = (address: string) => sourceOf({ caller: nobody, peer: at(address) });
  expect(alone('192.0.2.1')).not.toBe(alone('192.0.2.2'));
  expect(alone('2001:db8::1')).toBe(alone('2001:db8::2'));
  expect(sourceOf({ caller: nobody, peer: unknownPeer })).toBe('network unknown');
});
