import type { IncomingMessage } from 'node:http';

/** Whether the page that a request comes from, if it comes from one, may open a WebSocket. */
export type OriginCheck = (request: Pick<IncomingMessage, 'headers'>) => boolean;

/**
 * Makes what says which pages may open a WebSocket: those of the origin that the request itself asks, and those of
 * further origins. A request without `Origin` comes from no page. Letter case and a default port do not count
 * (RFC 6454 §4, RFC 3986 §6.2.3).
 *
 * @param further As `https://www.example.com`. @default none
 * @throws Error for what is not an http or https origin.
 */
export function createOriginCheck(further: readonly string[] = []): OriginCheck {
  const allowed = new Set(
    further.map((text) => {
      const origin = parseOrigin(text);
      if (origin === undefined) throw new Error(`"${text}" is not an origin, as https://www.example.com`);
      return origin;
    }),
  );
  return ({ headers: { origin, host } }) => {
    if (origin === undefined) return true;
    const page = parseOrigin(origin);
    if (page === undefined) return false;
    if (allowed.has(page)) return true;
    // `Host` does not say the scheme, and a proxy may have ended TLS: it is taken for that of the page.
    const scheme = page.slice(0, page.indexOf('//'));
    return host !== undefined && parseOrigin(`${scheme}//${host}`) === page;
  };
}

/** An origin in its one form (RFC 6454 §6.2); `undefined` for what is none, as `null`, and for other schemes. */
function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) return undefined;
  return url.origin;
}
