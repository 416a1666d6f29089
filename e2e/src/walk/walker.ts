import { randomUUID } from 'node:crypto';
import { authContract } from '@arcadium/contracts/auth';
import { connect } from '@arcadium/mesh/client';
import { silentLogger as log } from '@arcadium/mesh/testing';
import type { KeyDiary } from './key-diary.ts';
import type { Members } from './members.ts';

/** Number of rounds after which a user logs out and in again. */
const roundsOfSession = 20;

/** A user who stays logged in for months and makes calls. */
export interface Walker extends AsyncDisposable {
  /** One round: refreshes the session, because the access token has long expired, and calls every replica. */
  live(
    round: number,
    count: (what: string, made: Promise<unknown>) => Promise<void>,
    keys: KeyDiary,
  ): Promise<void>;
}

/** Creates an account, and logs in. */
export async function walkUser(members: Members, email: string): Promise<Walker> {
  const [first = '', second = ''] = members.authUrls;
  const password = randomUUID();
  const anyones = [first, second].map((url) => connect(authContract, { as: 'anyone', url, log }));
  const anyoneAt = (round: number) =>
    anyones[round % 2] ?? connect(authContract, { as: 'anyone', url: first, log });
  await anyoneAt(0).users.register.mutate({ email, name: 'Ann', password });
  let session = await anyoneAt(1).sessions.login.mutate({ email, password });
  const token = () => session.accessToken;
  const own = [first, second].map((url) => connect(authContract, { as: 'user', url, token, log }));
  const calls = members.asUser(token);
  return {
    async live(round, count, keys) {
      const anyone = anyoneAt(round);
      const renew = async (): Promise<void> => {
        if (round % roundsOfSession === 0) {
          await anyone.sessions.logout.mutate({ refreshToken: session.refreshToken });
          session = await anyone.sessions.login.mutate({ email, password });
        } else session = await anyone.sessions.refresh.mutate({ refreshToken: session.refreshToken });
      };
      await count('a user renews', renew());
      keys.see(session.accessToken);
      await Promise.all([
        ...own.map((auth) => count('a user to auth', auth.users.me.query())),
        ...calls.calls().map(([what, call]) => count(what, call())),
      ]);
    },
    async [Symbol.asyncDispose]() {
      await calls[Symbol.asyncDispose]();
      await Promise.all([...anyones, ...own].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
