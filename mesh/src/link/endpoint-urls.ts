/**
 * URLs of endpoints, without a slash at the end.
 *
 * @throws TypeError for a URL that is not one of an HTTP endpoint, or has more than origin and path.
 */
export function endpointUrls(given: string | URL | readonly (string | URL)[]): [string, ...string[]] {
  const [first, ...rest] = [given].flat().map(endpointUrl);
  if (first === undefined) throw new TypeError('meshLink: url must have at least one URL');
  return [first, ...rest];
}

function endpointUrl(given: string | URL): string {
  const url = URL.parse(String(given));
  if (!url || !/^https?:$/.test(url.protocol))
    throw new TypeError(
      `meshLink: url must be like http://localhost:3000/trpc, not ${JSON.stringify(given)}`,
    );
  const { origin, pathname, search, hash, username, password } = url;
  if (username !== '' || password !== '')
    throw new TypeError(`meshLink: url must have no credentials (${origin}): pass them as token or headers`);
  if (search !== '' || hash !== '')
    throw new TypeError(`meshLink: url must have no query and no fragment (${origin}${pathname})`);
  return `${origin}${pathname.replace(/\/+$/, '')}`;
}
