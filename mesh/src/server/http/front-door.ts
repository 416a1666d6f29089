import { describeAccess, takeSnapshot } from '../../contract/index.ts';
import { heading, paragraph, procedureBlocks, table, writeHtml, type Block } from '../../reference/core.ts';
import type { Service } from '../service.ts';
import { weightOf } from './accept.ts';
import type { Route } from './answer.ts';

const purposes: Readonly<Record<string, string>> = {
  '/health': 'status of the service, its database and its dependencies',
  '/api/status': 'the same, with uptime and response times',
  '/livez': 'whether the process responds',
  '/readyz': 'whether the service accepts calls',
  '/metrics': 'Prometheus metrics',
  '/api/contract': 'its procedures with JSON Schemas, access rules, errors and examples',
  '/openapi.json': 'the same as OpenAPI 3.1, for tools that know no tRPC',
  '/api/mesh': 'state of its connections to the services it calls; for administrators and services',
  '/api/tap': 'its calls as they end; for administrators and services',
};

/** tRPC's description of the wire format. */
const format = 'https://trpc.io/docs/rpc';

const htmlHeaders = {
  vary: 'accept',
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': "default-src 'none'",
  'x-content-type-options': 'nosniff',
};

/**
 * Makes the route of `/`: the service, its procedures with their access rules, and its other paths. HTML if `Accept`
 * prefers it, otherwise JSON. The HTML is the reference of the service, with schemas, errors and examples if anyone may
 * read the contract.
 *
 * @param paths The service's other paths.
 * @param home The service's own page, which replaces the HTML.
 */
export function frontDoor(service: Service, paths: readonly string[], home?: Route): Route {
  const body = bodyOf(service, paths);
  let page: string | undefined;
  const reference: Route = () => {
    page ??= writeHtml(service.name, blocksOf(service, body));
    return { status: 200, text: page, headers: htmlHeaders };
  };
  return (request) => {
    const { accept = '*/*' } = request.headers;
    const prefersHtml = weightOf('text/html', accept) > weightOf('application/json', accept);
    return prefersHtml
      ? (home ?? reference)(request)
      : { status: 200, body, headers: { vary: htmlHeaders.vary } };
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

function blocksOf(
  { name, options, procedures }: Service,
  { version, about, paths }: ReturnType<typeof bodyOf>,
): readonly Block[] {
  const details = options.contractAccess === 'open';
  return [
    heading(1, `${name} ${version}`),
    paragraph(`${about} (`, { link: 'format', href: format }, ').'),
    table(
      ['Path', 'What it has'],
      paths.map(({ path, summary = '' }) => [[{ link: path, href: path }], [summary]]),
    ),
    ...(details
      ? []
      : [
          paragraph(
            'Schemas, errors and examples are at ',
            { link: '/api/contract', href: '/api/contract' },
            '.',
          ),
        ]),
    ...procedureBlocks(takeSnapshot({ name, version, procedures }), { details }),
  ];
}
