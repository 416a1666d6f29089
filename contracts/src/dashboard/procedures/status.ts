import { anyone, query, subscription } from '@arcadium/mesh/contract';
import { z } from 'zod';
import { time } from '../../field.ts';
import { listInput, listOf } from '../../list.ts';
import { historyPoint, incident, serviceName, serviceOverview } from '../status.ts';
import { service, serviceNotFound } from './service-input.ts';
import { watchInput } from './watch-input.ts';

/** Status, history and incidents of the services. */
export const status = {
  list: query({
    summary: 'All services: status, replicas, uptime, open incident',
    output: z.object({ at: time, services: z.array(serviceOverview) }),
    access: anyone,
  }),
  watch: subscription({
    summary: 'The same after each round of checks',
    input: watchInput,
    output: z.object({ at: time, services: z.array(serviceOverview) }),
    access: anyone,
  }),
  history: query({
    summary: 'Checks of one service over a day, a week or a month',
    input: service.extend({ span: z.enum(['day', 'week', 'month']).default('day') }),
    output: z.object({ points: z.array(historyPoint).max(200) }),
    examples: [{ service: 'wiki', span: 'week' }],
    access: anyone,
    errors: serviceNotFound,
  }),
  incidents: query({
    summary: 'Incidents, newest first',
    input: listInput.extend({ service: serviceName.optional() }).prefault({}),
    output: listOf(incident),
    examples: [{ service: 'wiki' }],
    access: anyone,
  }),
};
