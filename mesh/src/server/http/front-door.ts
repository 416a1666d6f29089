import { describeAccess } from '../../contract/index.ts';
import { weightOf } from './accept.ts';
import type { Route } from './answer.ts';
import type { Service } from '../service.ts';

const purposes: Readonly<Record<string, string>> = {
  '/health': 'status of the service, its database and its dependencies',
  '/api/status': 'the same, with uptime and response times',
  '/livez': 'whether the process responds',
  '/readyz': 'whether the service accepts calls',
  '/metrics': 'Prometheus metrics',
  '/api/contract': 'its procedures with JSON Schemas, access rules and errors',
  '/openapi.json': 'the same as OpenAPI 3.1, for tools that know no tRPC',
  '/api/mesh': 'state of its connections to the services it calls; for administrators and services',
  '/api/tap': 'its calls as they end; for administrators and services',
};

/** tRPC's description of the wire format. */
const format = 'https://trpc.io/docs/rpc';

/**
 * Makes the route of `/`: the service, its procedures with their access rules, and its other paths. HTML if `Accept`
 * prefers it, otherwise JSON. All of it is in the contract.
 *
 * @param paths The service's other paths.
 * @param home The service's own page, which replaces the HTML.
 */
export function frontDoor(service: Service, paths: readonly string[], home?: Route): Route {
  const body = bodyOf(service, paths);
  const page = htmlOf(body);
  const headers = { vary: 'accept' };
  const htmlHeaders = {
    ...headers,
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': "default-src 'none'",
    'x-content-type-options': 'nosniff',
  };
  const listing: Route = () => ({ status: 200, text: page, headers: htmlHeaders });
  return (request) => {
    const { accept = '*/*' } = request.headers;
    const prefersHtml = weightOf('text/html', accept) > weightOf('application/json', accept);
    return prefersHtml ? (home ?? listing)(request) : { status: 200, body, headers };
  };
}

function bodyOf({ name, options, procedures }: Service, paths: readonly string[]) {
  return {
    service: name,
    version: options.version,
    about: `The ${name} service: queries by GET or POST, mutations by POST, subscriptions by GET as server-sent events, and all of them over a WebSocket at /trpc, in the format of tRPC`,
    format,
    procedures: procedures.map(({ path, procedure: { kind, summary, access } }) => ({
      path: `/trpc/${path}`,
      kind,
      summary,
      for: describeAccess(access),
    })),
    paths: paths.map((path) => ({ path, ...(purposes[path] && { summary: purposes[path] }) })),
  };
}

function htmlOf({ service, version, about, procedures, paths }: ReturnType<typeof bodyOf>): string {
  const rows = procedures.map((one) =>
    row([`<code>${escape(one.path)}</code>`, escape(one.kind), escape(one.summary), escape(one.for)]),
  );
  const links = paths.map(({ path, summary = '' }) =>
    row([`<a href="${escape(path)}">${escape(path)}</a>`, escape(summary)]),
  );
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>${escape(service)}</title>
<h1>${escape(service)} ${escape(version)}</h1>
<p>${escape(about)} (<a href="${format}">format</a>).</p>
<h2>Procedures</h2>
<table>
<tr><th>path</th><th>kind</th><th>summary</th><th>for</th></tr>
${rows.join('\n')}
</table>
<h2>Paths</h2>
<table>
${links.join('\n')}
</table>
</html>
`;
}

function row(cells: readonly string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`;
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escape(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? '');
}
