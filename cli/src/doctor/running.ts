import { endpoints } from '@arcadium/mesh/config';
import { describeError } from '@arcadium/mesh/telemetry';
import { request } from 'undici';
import { z } from 'zod';
import { settingsIn, urlSetting } from '../workspace.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';

const health = z.looseObject({
  service: z.string(),
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  version: z.string(),
  database: z.string(),
  dependencies: z.record(z.string(), z.string()),
});

/** A service that answers at a URL. */
export interface Running {
  readonly kind: 'service';
  readonly url: string;
  readonly report: z.output<typeof health>;
  readonly tookMs: number;
}

/** What is at the URL of a service. */
export type Answer =
  | Running
  | { readonly kind: 'other'; readonly url: string; readonly what: string }
  | { readonly kind: 'none'; readonly url: string; readonly reason: string };

/** The endpoints of a service. @throws Needs */
export function endpointsOf(context: Context, service: string): readonly [string, ...string[]] {
  const url = settingsIn(context.checkout)[urlSetting(service)];
  const { data } = endpoints.safeParse(url);
  if (!data) throw new Needs('environment.address');
  return data;
}

/** What is at each endpoint of a service. @throws Needs */
export function answersOf(context: Context, service: string): Promise<readonly Answer[]> {
  return context.once(`answers ${service}`, async () => {
    const urls = endpointsOf(context, service);
    return Promise.all(urls.map((url) => ask(context, url)));
  });
}

/** Asks what is at a URL. */
export async function ask(context: Context, url: string): Promise<Answer> {
  const startedAt = performance.now();
  try {
    const answer = await get(context, new URL('/health', url));
    const tookMs = performance.now() - startedAt;
    const { data: report } = health.safeParse(answer.body);
    return report
      ? { kind: 'service', url, report, tookMs }
      : { kind: 'other', url, what: `/health answers with HTTP status ${answer.status}` };
  } catch (error) {
    if (error instanceof Needs) throw error;
    // What speaks another protocol is not a service.
    return error instanceof Error && error.name === 'HTTPParserError'
      ? { kind: 'other', url, what: 'it does not speak HTTP' }
      : { kind: 'none', url, reason: describeError(error) };
  }
}

/** Sends a request to a service. @returns The body as JSON; as text, if it is not. */
export async function get(
  context: Context,
  url: URL,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const tls = context.tls();
  const answer = await request(url, {
    headers,
    signal: AbortSignal.timeout(context.patienceMs),
    ...(tls && { dispatcher: tls.dispatcher }),
  });
  const text = await answer.body.text();
  try {
    return { status: answer.statusCode, body: JSON.parse(text) };
  } catch {
    return { status: answer.statusCode, body: text };
  }
}

/** Whether any service of the checkout answers. */
export function anyRuns(context: Context): Promise<boolean> {
  return context.once('any runs', async () => {
    const all = await Promise.all(
      context.services.map((service) => answersOf(context, service).catch(() => [])),
    );
    return all.flat().some(({ kind }) => kind === 'service');
  });
}

/** The endpoints where a service answers. @throws Needs if there is none */
export async function runningOf(
  context: Context,
  service: string,
): Promise<readonly [Running, ...Running[]]> {
  const answers = await answersOf(context, service);
  const [first, ...others] = answers.filter(
    (one): one is Running => one.kind === 'service' && one.report.service === service,
  );
  if (first) return [first, ...others];
  if (answers.some(({ kind }) => kind === 'service')) throw new Needs('ports.other-service');
  if (!(await anyRuns(context))) throw new Needs('services.none-running');
  throw new Needs(answers.some(({ kind }) => kind === 'other') ? 'ports.taken' : 'services.down');
}
