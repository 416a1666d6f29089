import { request } from 'undici';
import { z } from 'zod';
import { backoffMs, defaultRetryPolicy, within } from '../../resilience/index.ts';
import { describeError, Outage, type Logger } from '../../telemetry/index.ts';
import { longestTimerMs } from '../../wire/index.ts';
import { discover } from '../provider/discovery.ts';
import { readBoundedJson } from '../provider/fetch-document.ts';
import { longestToken } from '../token-format.ts';

/** Longest wait for the provider's answer, in milliseconds. */
const longestAnswerMs = 5000;

/** Waits after failures. */
const retries = { ...defaultRetryPolicy, maxMs: 30_000 };

/** Lifetime of a token whose answer has no `expires_in`, in seconds. */
const assumedLifetime = 300;

/** RFC 6749 §5.1; some providers send the number as a text. */
const tokenAnswer = z.object({
  access_token: z.string().min(1).max(longestToken),
  token_type: z.string().regex(/^bearer$/i),
  expires_in: z.coerce
    .number()
    .positive()
    .max(10 * 365 * 86_400)
    .default(assumedLifetime),
});

/** RFC 6749 §5.2. */
const errorAnswer = z.object({ error: z.string().regex(/^[\w.:-]{1,64}$/) });

export interface ClientCredentialsOptions {
  /** The provider, whose token endpoint is found by discovery. */
  issuer: string;
  /** The token endpoint. @default `token_endpoint` of the provider's metadata */
  tokenUrl?: string | undefined;
  clientId: string;
  /** The secret, or a function that returns the current one. */
  clientSecret: string | (() => string);
  /** How the client proves itself: HTTP Basic, or fields of the form (RFC 6749 §2.3.1). @default 'basic' */
  clientAuthentication?: 'basic' | 'post' | undefined;
  /** What the token shall allow. @default as the provider decides */
  scopes?: readonly string[] | undefined;
  /** Further parameters of the request: `resource` (RFC 8707), or `audience` for Auth0. @default none */
  parameters?: Readonly<Record<string, string>> | undefined;
  log: Logger;
}

/**
 * The token of a service from an identity provider, by OAuth 2.0 client credentials (RFC 6749 §4.4). It is fetched at
 * once, and again at half of its lifetime (±10 %); while the provider does not answer, the token in force stays, and the
 * provider is asked again after 1 s to 30 s. At most one request is under way.
 *
 * @example
 * await using credentials = new ClientCredentials({
 *   issuer: 'https://login.example.com',
 *   clientId: 'till',
 *   clientSecret: 'from a file of secrets',
 *   log,
 * });
 * const shop = connect(shopContract, { as: 'till', url: 'http://shop:3000', token: () => credentials.current });
 * await credentials.ready();
 */
export class ClientCredentials implements AsyncDisposable {
  readonly #options: ClientCredentialsOptions;
  readonly #outage: Outage;
  readonly #closing = new AbortController();
  readonly #first = Promise.withResolvers<void>();
  #token: string | undefined;
  /** By the wall clock, which goes on while the machine sleeps. */
  #renewAt = Infinity;
  #renewing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;

  constructor(options: ClientCredentialsOptions) {
    this.#options = options;
    this.#outage = new Outage(options.log);
    // `close` rejects it, also if nobody waits.
    this.#first.promise.catch(() => {});
    void this.#renew();
  }

  /** The token in force; `undefined` until the first has come. `connect` takes `token: () => credentials.current`. */
  get current(): string | undefined {
    // The timer is late after the machine slept.
    if (Date.now() >= this.#renewAt && this.#failures === 0) void this.#renew();
    return this.#token;
  }

  /**
   * Resolves once there is a token: for `prepare` of `startService`, so that a service takes no calls before it can make
   * any.
   *
   * @throws The reason of the signal; Error if it was closed first.
   */
  async ready(signal?: AbortSignal): Promise<void> {
    await within(() => this.#first.promise, { signal });
  }

  /** Stops to renew the token, and cancels a request under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#first.reject(new Error('the client credentials were closed'));
    this.#closing.abort();
    clearTimeout(this.#timer);
    this.#outage.close();
    await this.#renewing;
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#ask().finally(() => (this.#renewing = undefined));
    return this.#renewing;
  }

  async #ask(): Promise<void> {
    const { clientId } = this.#options;
    let waitMs: number;
    try {
      const { access_token: token, expires_in: lifetime } = await this.#fetch();
      this.#token = token;
      this.#failures = 0;
      this.#outage.end({ client_id: clientId }, 'the identity provider issues tokens again');
      this.#first.resolve();
      waitMs = (lifetime * 1000 * (0.9 + 0.2 * Math.random())) / 2;
    } catch (error) {
      if (this.#closing.signal.aborted) return;
      this.#failures += 1;
      waitMs = backoffMs(this.#failures, retries);
      const fields = { client_id: clientId, reason: describeError(error) };
      this.#outage.begin(
        fields,
        'could not get a token from the identity provider; the token in force stays',
      );
    }
    if (this.#closing.signal.aborted) return;
    this.#renewAt = Date.now() + waitMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renew(), Math.min(waitMs, longestTimerMs)).unref();
  }

  async #fetch(): Promise<z.output<typeof tokenAnswer>> {
    const { issuer, tokenUrl, scopes, parameters } = this.#options;
    const url = tokenUrl ?? (await discover(issuer)).token_endpoint;
    if (url === undefined) throw new Error(`the metadata of ${issuer} names no token_endpoint`);
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...parameters });
    if (scopes) form.set('scope', scopes.join(' '));
    const headers: Record<string, string> = {
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
      ...this.#authenticate(form),
    };
    const signal = AbortSignal.any([this.#closing.signal, AbortSignal.timeout(longestAnswerMs)]);
    const { statusCode, body } = await request(url, {
      method: 'POST',
      headers,
      body: form.toString(),
      signal,
    });
    const answer = await readBoundedJson(body);
    if (statusCode !== 200) {
      const { data } = errorAnswer.safeParse(answer);
      throw new Error(`the token endpoint answered ${statusCode}${data ? `, ${data.error}` : ''}`);
    }
    const { data } = tokenAnswer.safeParse(answer);
    if (!data) throw new Error('the token endpoint answered without a bearer token');
    return data;
  }

  /** Adds the secret to the form, or returns the header with it. */
  #authenticate(form: URLSearchParams): Record<string, string> {
    const { clientId, clientSecret, clientAuthentication = 'basic' } = this.#options;
    const secret = typeof clientSecret === 'function' ? clientSecret() : clientSecret;
    if (clientAuthentication === 'post') {
      form.set('client_id', clientId);
      form.set('client_secret', secret);
      return {};
    }
    const pair = [clientId, secret]
      .map((text) => new URLSearchParams({ '': text }).toString().slice(1))
      .join(':');
    return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` };
  }
}
