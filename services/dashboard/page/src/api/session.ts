import type { Api } from './api.ts';

type Tokens = Awaited<ReturnType<Api['sessions']['login']['mutate']>>;

/** What a log-in asks for. */
export interface LogIn {
  email: string;
  password: string;
  /** Of the second factor, for accounts that have one. */
  code?: string | undefined;
}

/** The log-in of this page. Its tokens are in memory only: no script of a later page, and no disk, ever has them. */
export class Session {
  readonly #listeners = new Set<() => void>();
  readonly #calls: () => Api['sessions'];
  #tokens: Tokens | undefined;
  #refreshing: Promise<void> | undefined;

  /** @param calls The procedures of the session; a function, because the client needs the session first. */
  constructor(calls: () => Api['sessions']) {
    this.#calls = calls;
  }

  /** Name of the user; undefined without a log-in. */
  get name(): string | undefined {
    return this.#tokens?.user.name;
  }

  get isAdmin(): boolean {
    return this.#tokens?.user.role === 'admin';
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  async logIn(given: LogIn): Promise<void> {
    this.#set(await this.#calls().login.mutate(given));
  }

  async logOut(): Promise<void> {
    const tokens = this.#tokens;
    this.#set(undefined);
    if (tokens) await this.#calls().logout.mutate({ refreshToken: tokens.refreshToken });
  }

  /** The header of the calls, with a token that is valid for half a minute more; without a log-in, none. */
  async headers(): Promise<Record<string, string>> {
    if (this.#tokens && Date.parse(this.#tokens.expiresAt) < Date.now() + 30_000) {
      this.#refreshing ??= this.#refresh(this.#tokens).finally(() => (this.#refreshing = undefined));
      await this.#refreshing;
    }
    return this.#tokens ? { authorization: `Bearer ${this.#tokens.accessToken}` } : {};
  }

  async #refresh({ refreshToken }: Tokens): Promise<void> {
    try {
      this.#tokens = await this.#calls().refresh.mutate({ refreshToken });
    } catch (error) {
      if (isUnauthorized(error)) this.#set(undefined);
      else throw error;
    }
  }

  #set(tokens: Tokens | undefined): void {
    this.#tokens = tokens;
    for (const listener of this.#listeners) listener();
  }
}

/** Whether a call failed because it needs a log-in. */
export function isUnauthorized(error: unknown): boolean {
  return codeOf(error) === 'UNAUTHORIZED';
}

/** The code of a failed call, such as `UNAUTHORIZED`. */
export function codeOf(error: unknown): unknown {
  return property(property(error, 'data'), 'code');
}

/** The name that the contract gives to the error of a failed call, such as `CODE_NEEDED`. */
export function nameOf(error: unknown): unknown {
  return property(property(property(error, 'data'), 'error'), 'name');
}

function property(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? (of as Record<string, unknown>)[name] : undefined;
}
