import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Route } from '@arcadium/mesh/server';
import type { PageFile, PageFiles } from './page-files.ts';

/** The style elements that React Aria adds to the page. */
const styles = [
  '@layer {\n  [data-react-aria-pressable] {\n    touch-action: pan-x pan-y pinch-zoom;\n  }\n}',
  '@layer {\n  * {\n    overscroll-behavior: contain;\n  }\n}',
].map((text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`);

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  `style-src 'self' ${styles.join(' ')}`,
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ');

const secure = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
};

const notBuilt = `The page of the dashboard is not built. Build it with:

  npm run build --workspace services/dashboard

Its data is at /trpc/status.list.
`;

/**
 * Makes the routes of the page: its files, of which those in `/assets/` have a hash in their name and never change, and
 * `index.html` for every other path that a browser opens, because the page has routes of its own.
 */
export function pageRoutes(files: PageFiles): Record<string, Route> {
  const index = async (request: IncomingMessage) => {
    const file = await files.find('/index.html');
    if (file) return answer(request, file, 'no-cache');
    const headers = { ...secure, 'content-type': 'text/plain; charset=utf-8' };
    return { status: 404, text: notBuilt, headers };
  };
  const named = async (request: IncomingMessage, caching: string) => {
    const file = await files.find(pathOf(request));
    return file && answer(request, file, caching);
  };
  return {
    '/': index,
    '/assets/*': (request) => named(request, 'public, max-age=31536000, immutable'),
    '/*': async (request) =>
      (await named(request, 'no-cache')) ?? (opensPage(request) ? await index(request) : undefined),
  };
}

function pathOf({ url = '/' }: IncomingMessage): string {
  return url.replace(/[?#].*$/s, '');
}

/** Whether a browser opens a page; what programs ask for in vain stays a JSON error. */
function opensPage(request: IncomingMessage): boolean {
  const path = pathOf(request);
  return /\btext\/html\b/.test(request.headers.accept ?? '') && !/^\/(api|trpc)(\/|$)/.test(path);
}

function answer({ headers }: IncomingMessage, { type, bytes }: PageFile, caching: string) {
  const { 'accept-encoding': accepted = '' } = headers;
  const coding = (['br', 'gzip'] as const).find((one) => bytes[one] && accepts(accepted, one));
  return {
    status: 200,
    text: (coding && bytes[coding]) ?? bytes.identity ?? '',
    headers: {
      ...secure,
      'content-type': type,
      'cache-control': caching,
      vary: 'accept, accept-encoding',
      ...(coding && { 'content-encoding': coding }),
    },
  };
}

function accepts(accepted: string, coding: string): boolean {
  return accepted
    .split(',')
    .map((item) =>
      item
        .trim()
        .toLowerCase()
        .split(/\s*;\s*/),
    )
    .some(([name, weight = '']) => name === coding && !/^q=0(\.0*)?$/.test(weight));
}
