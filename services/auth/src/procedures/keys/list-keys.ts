import { presentKey } from '../../presenters/signing-key.ts';
import type { AuthDeps, AuthHandler } from '../deps.ts';

export function listKeys({ keyRing, now }: AuthDeps): AuthHandler<'keys.list'> {
  return async () => {
    const { keys } = keyRing;
    const age = ({ activeFrom, publishedAt }: (typeof keys)[number]) => (activeFrom ?? publishedAt).getTime();
    const published = keys.filter(({ removedAt }) => removedAt === null);
    return {
      items: published.toSorted((a, b) => age(b) - age(a)).map((key) => presentKey(key, keys, now())),
    };
  };
}
