import { createPasswordHasher, type PasswordHasher, type Place } from '../domain/password.ts';

/**
 * The real hasher, but it makes each hash only once: test users share a password, and a hash takes 30 ms of
 * CPU. Without an account it makes one each time.
 */
export function createRememberingHasher(): PasswordHasher {
  // A long limit, so that a slow machine refuses no hash.
  const hasher = createPasswordHasher(60_000);
  const hashes = new Map<string, Promise<string>>();
  const answers = new Map<string, Promise<boolean>>();
  const keepPlace = (): Place => {
    const place = hasher.keepPlace();
    return {
      matches: (password, hash) =>
        hash === undefined
          ? place.matches(password, hash)
          : once(answers, `${hash} ${password}`, () => place.matches(password, hash)),
      [Symbol.dispose]: () => place[Symbol.dispose](),
    };
  };
  return {
    ...hasher,
    keepPlace,
    hash: (password) => once(hashes, password, () => hasher.hash(password)),
    async matches(password, hash) {
      using place = keepPlace();
      return await place.matches(password, hash);
    },
  };
}

function once<Answer>(
  known: Map<string, Promise<Answer>>,
  key: string,
  make: () => Promise<Answer>,
): Promise<Answer> {
  const answer = known.get(key) ?? make();
  known.set(key, answer);
  return answer;
}
