import { anyone, query } from '@arcadium/mesh/contract';
import { serviceView } from '../service.ts';
import { service, serviceNotFound } from './service-input.ts';

/** One service in detail. */
export const services = {
  get: query({
    summary: 'One service: its processes, procedures, last failures, outbox',
    input: service,
    output: serviceView,
    examples: [{ service: 'wiki' }],
    access: anyone,
    errors: serviceNotFound,
  }),
};
