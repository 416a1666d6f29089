import { jwks } from '@arcadium/mesh/identity';
import { until } from '../mesh.ts';
import type { Members } from './members.ts';
import { readTokenFacts } from './token-facts.ts';

/**
 * How long a key may stay published after the last token that it may have signed has expired, in
 * milliseconds.
 */
const removedWithinMs = 24 * 3_600_000;

/** The longest lifetime of a token, in milliseconds. */
const longestLifeMs = 90 * 24 * 3_600_000;

/** Auth's keys in each round, as published and as used for signing. */
export class KeyDiary {
  readonly mistakes: string[] = [];
  /** The most keys published at once. */
  mostPublished = 0;
  /** Whether a published key has signed nothing yet. */
  waiting = false;
  readonly #members: Members;
  readonly #published = new Map<string, number>();
  readonly #signed = new Map<string, { first: number; last: number; expires: number }>();
  /** The keys published at the first look, which had no lead time. */
  readonly #initial = new Set<string>();

  constructor(members: Members) {
    this.#members = members;
  }

  /** The number of keys so far. */
  get made(): number {
    return this.#published.size;
  }

  /** The shortest time that a key was published before it signed, in milliseconds. */
  get leastLeadMs(): number {
    const leads = [...this.#published].flatMap(([kid, published]) => {
      const signed = this.#signed.get(kid);
      return signed && !this.#initial.has(kid) ? [signed.first - published] : [];
    });
    return Math.min(...leads);
  }

  /** Records a token signed by auth. */
  see(token: string): void {
    const { kid, issuedAt, expiresAt } = readTokenFacts(token);
    const before = this.#signed.get(kid);
    this.#signed.set(kid, {
      first: Math.min(issuedAt, before?.first ?? Infinity),
      last: Math.max(issuedAt, before?.last ?? 0),
      expires: Math.max(expiresAt, before?.expires ?? 0),
    });
  }

  /** Records the keys that both replicas publish, and the tokens of the services. */
  async look(): Promise<void> {
    for (const { token } of this.#members.replicas) this.see(token());
    const isFirst = this.#published.size === 0;
    let askedAt = NaN;
    let answers: ReadonlySet<string>[] = [];
    // On a busy machine the calls may end before the round's key is published.
    await until(async () => {
      askedAt = Date.now();
      const newest = await this.#members.newestKey();
      answers = await Promise.all(this.#members.authUrls.map(fetchKeys));
      return newest !== undefined && answers.every((kids) => kids.has(newest));
    }, 'a key that is due is made and published');
    for (const kids of answers) {
      this.mostPublished = Math.max(this.mostPublished, kids.size);
      this.#compare(kids, askedAt);
      for (const kid of kids) {
        // Recorded when the answer arrived: no verifier can have it earlier.
        if (!this.#published.has(kid)) this.#published.set(kid, Date.now());
        if (isFirst) this.#initial.add(kid);
      }
    }
    this.waiting = answers.some((kids) => [...kids].some((kid) => !this.#signed.has(kid)));
  }

  #compare(kids: ReadonlySet<string>, at: number): void {
    for (const [kid, { last, expires }] of this.#signed) {
      if (expires > at && !kids.has(kid)) this.mistakes.push(`${kid} is gone, and a token of it is not`);
      const isOver = [...this.#signed.values()].some((other) => other.first > last);
      if (isOver && last + longestLifeMs + removedWithinMs < at && kids.has(kid))
        this.mistakes.push(`${kid} is published, and nothing that it signed is good`);
    }
  }

  /** For the test's report. */
  summary() {
    return {
      keys: this.made,
      mostPublished: this.mostPublished,
      leastLeadMinutes: +(this.leastLeadMs / 60_000).toFixed(1),
    };
  }
}

async function fetchKeys(url: string): Promise<Set<string>> {
  const answer = await fetch(`${url}/.well-known/jwks.json`);
  return new Set(jwks.parse(await answer.json()).keys.map(({ kid }) => kid));
}
