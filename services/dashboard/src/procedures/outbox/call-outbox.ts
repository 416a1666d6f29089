import type { ExplorerAnswer } from '@arcadium/contracts/dashboard';
import { currentScope } from '@arcadium/mesh/telemetry';
import { isErrorCode, MeshError, type ErrorCode } from '@arcadium/mesh/contract';
import { userTokenScheme } from '@arcadium/mesh/client';
import { z } from 'zod';
import { makeCall } from '../../explorer/make-call.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

/** Longest wait for one replica, in milliseconds. */
const timeoutMs = 4000;
/** Replicas that are called before the call fails. */
const mostReplicas = 2;

/** Refusals that say something about the caller or the input; any other failure is the service's. */
const passedOn = new Set<ErrorCode>(['BAD_REQUEST', 'UNAUTHORIZED', 'FORBIDDEN', 'TOO_MANY_REQUESTS']);

const refusal = z.object({
  message: z.string(),
  data: z.object({ code: z.string().refine(isErrorCode) }).optional(),
});

interface Procedure<Output extends z.ZodType> {
  readonly path: 'outbox.list' | 'outbox.retry' | 'outbox.drop';
  readonly kind: 'query' | 'mutation';
  readonly output: Output;
}

type Call = Pick<Parameters<DashboardHandler<'outbox.list'>>[0], 'errors' | 'signal'> & {
  /** The service, and the input of its own procedure. */
  input: { service: string };
};

/**
 * Calls a procedure of a service's outbox with the token of the administrator who called the dashboard: the service checks
 * the token itself, and its audit log has the administrator.
 *
 * @throws SERVICE_NOT_FOUND, NO_OUTBOX; MeshError as the service refused, SERVICE_UNAVAILABLE.
 */
export async function callOutbox<Output extends z.ZodType>(
  { path, kind, output }: Procedure<Output>,
  { live, explorer: { contracts } }: Pick<DashboardDeps, 'live' | 'explorer'>,
  { input: { service, ...input }, errors, signal }: Call,
): Promise<z.output<Output>> {
  const found = live.services().find((one) => one.service === service);
  if (!found) throw errors.SERVICE_NOT_FOUND({ service });
  const userToken = currentScope()?.userToken;
  if (userToken === undefined) throw new MeshError('UNAUTHORIZED', 'Log in as an administrator');
  const request = {
    procedure: { path, kind },
    input: JSON.stringify(input),
    authorization: `${userTokenScheme} ${userToken}`,
    timeoutMs,
  };
  // All three procedures may be repeated, so a replica that does not answer is no obstacle.
  let last: ExplorerAnswer | undefined;
  const { fetch } = contracts;
  // A certificate names the host, not the address of a replica.
  const secure = contracts.urlsOf(service).filter((url) => url.startsWith('https:'));
  const urls = secure.length > 0 ? secure : found.replicas.map(({ url }) => url);
  for (const url of urls.slice(0, mostReplicas)) {
    last = await makeCall({ ...request, url, fetch }, signal);
    if (last.status !== 0 && last.status !== 503) break;
  }
  if (last?.status === 404) throw errors.NO_OUTBOX({ service });
  const answer: unknown = !last || last.truncated ? undefined : JSON.parse(last.answer);
  if (!last || last.failed) throw failureOf(service, answer);
  const parsed = output.safeParse(answer);
  if (!parsed.success)
    throw new MeshError('SERVICE_UNAVAILABLE', `${service} gave an answer that the dashboard cannot read`);
  return parsed.data;
}

function failureOf(service: string, answer: unknown): MeshError {
  const { data } = refusal.safeParse(answer);
  const code = data?.data?.code;
  if (data && code && passedOn.has(code)) return new MeshError(code, `${service} refused: ${data.message}`);
  const reason = data?.message ?? 'no reason given';
  return new MeshError('SERVICE_UNAVAILABLE', `The outbox of ${service} cannot be used: ${reason}`);
}
