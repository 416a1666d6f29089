import type { IncomingMessage } from 'node:http';

/** Whether the page that sends a request, if any, may open a WebSocket. */
export type OriginCheck = (request: Pick<IncomingMessage, 'headers'>) => boolean;

/**
 * Creates a check whether a page may open a WebSocket: its origin must be that of `Host` or a `further` one. Requests
 * without `Origin` pass. Letter case and default ports are ignored (RFC 6454 §4, RFC 3986 §6.2.3).
 *
 * @param further Such as `https://www.example.com`. @default none
 * @throws Error for an entry that is not an http or https origin.
 */
export function createOriginCheck(further: readonly string[] = []): OriginCheck {
  const allowed = canonicalOrigins(further);
  return ({ headers: { origin, host } }) => {
    if (origin === undefined) return true;
    const page = parseOrigin(origin);
    if (page === undefined) return false;
    if (allowed.has(page)) return true;
    // Assumes the page's scheme: `Host` has none, and a proxy may have terminated TLS.
    const scheme = page.slice(0, page.indexOf('//'));
    return host !== undefined && parseOrigin(`${scheme}//${host}`) === page;
  };
}

/** The canonical form of each origin. @throws Error for an entry that is not an http or https origin. */
export function canonicalOrigins(origins: readonly string[]): ReadonlySet<string> {
  return new Set(
    origins.map((text) => {
      const origin = parseOrigin(text);
      if (origin === undefined) throw new Error(`"${text}" is not an origin, as https://www.example.com`);
      return origin;
    }),
  );
}

/** The canonical origin (RFC 6454 §6.2); `undefined` for other schemes and invalid origins, such as `null`. */
export function parseOrigin(text: string): string | undefined {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.href !== `${url.origin}/`) return undefined;
  return url.origin;
}
