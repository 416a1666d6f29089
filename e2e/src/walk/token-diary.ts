import { readTokenFacts } from './token-facts.ts';
import type { MemberName, Members } from './members.ts';

/** The replicas' own tokens in each round. */
export class TokenDiary {
  /** At which share of its validity each token was exchanged, by each replica. */
  readonly shares: number[] = [];
  readonly mistakes: string[] = [];
  readonly #members: Members;
  readonly #held = new Map<string, string>();

  constructor(members: Members) {
    this.#members = members;
    this.look();
  }

  /** The token of a service's first replica. */
  current(service: MemberName): string {
    const replica = this.#members.replicas.find((one) => one.service === service);
    if (!replica) throw new Error(`There is no ${service}`);
    return replica.token();
  }

  /** Records the token of each replica. */
  look(): void {
    for (const { service, url, token } of this.#members.replicas) {
      const now = token();
      if (readTokenFacts(now).expiresAt <= Date.now())
        this.mistakes.push(`${service} at ${url} holds a token that has expired`);
      const before = this.#held.get(url);
      this.#held.set(url, now);
      if (before === undefined || before === now) continue;
      const { issuedAt, expiresAt } = readTokenFacts(before);
      this.shares.push((Date.now() - issuedAt) / (expiresAt - issuedAt));
    }
  }

  /** For the test's report. */
  summary() {
    const [least, most] = [Math.min(...this.shares), Math.max(...this.shares)];
    return { exchanged: this.shares.length, atShare: [least.toFixed(3), most.toFixed(3)] };
  }
}
