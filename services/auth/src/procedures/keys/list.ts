import type { authContract } from '@arcadium/contracts/auth';
import type { HandlerOf } from '@arcadium/mesh/server';
import { presentKey } from './present.ts';
import type { KeyDeps } from './rotate.ts';

export function listKeys({ keyRing, now }: KeyDeps): HandlerOf<typeof authContract, 'keys.list'> {
  return async () => {
    const { keys } = keyRing;
    const age = ({ activeFrom, publishedAt }: (typeof keys)[number]) => (activeFrom ?? publishedAt).getTime();
    const published = keys.filter(({ removedAt }) => removedAt === null);
    return {
      items: published.toSorted((a, b) => age(b) - age(a)).map((key) => presentKey(key, keys, now())),
    };
  };
}
