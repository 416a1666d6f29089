import { exposition } from '../../telemetry/index.ts';
import { MeshError } from '../../wire/index.ts';
import { createNetworkCheck } from '../call/peer.ts';
import type { Service } from '../service.ts';
import { weightOf } from './accept.ts';
import type { Route } from './answer.ts';
import { guarded, operators } from './guarded.ts';

/**
 * Makes the route `/metrics`: Prometheus' text format, or OpenMetrics, with exemplars, if `Accept` prefers it. It refuses
 * addresses outside `metricsFrom`, and with `metricsAccess: 'token'` callers other than services and administrators.
 */
export function metricsRoute(service: Service): Route {
  const { metricsFrom, metricsAccess } = service.options;
  const isNamed = metricsFrom && createNetworkCheck(metricsFrom);
  const read =
    metricsAccess === 'token' ? guarded(service, { path: '/metrics', rule: operators }, answer) : answer;
  return (request) => {
    const { address } = service.peerOf(request);
    // The message has the address, because a proxy may hide it.
    if (isNamed && (address === undefined || !isNamed(address)))
      throw new MeshError('FORBIDDEN', `METRICS_FROM does not include ${address ?? 'this caller'}`);
    return read(request);
  };
}

const answer: Route = async ({ headers: { accept = '*/*' } }) => {
  const isOpen = weightOf('application/openmetrics-text', accept) > weightOf('text/plain', accept);
  const { text, contentType } = await exposition(isOpen ? 'openmetrics' : 'prometheus');
  return { status: 200, text, headers: { 'content-type': contentType, vary: 'accept' } };
};
