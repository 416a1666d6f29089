import { admin, error, mutation, query } from '@arcadium/mesh/contract';
import { example } from '../../example.ts';
import { listInput } from '../../list.ts';
import { changed, deliveryIds, givenUpList } from '../../outbox.ts';
import { service, serviceNotFound } from './service-input.ts';

const errors = {
  ...serviceNotFound,
  NO_OUTBOX: error('NOT_FOUND', 'This service has no outbox', service),
};

/** Time for two replicas of the service, the second of which is called if the first does not answer. */
const timeoutMs = 10_000;

/** Notifications that a service gave up. The service itself is called with the token of the administrator. */
export const outbox = {
  list: query({
    summary: 'Notifications that a service gave up, one entry per recipient, newest first',
    input: listInput.extend(service.shape),
    output: givenUpList,
    examples: [{ service: 'wiki' }],
    access: admin,
    timeoutMs,
    errors,
  }),
  retry: mutation({
    summary: 'Have a service try again to deliver notifications that it gave up; other ids are ignored',
    input: deliveryIds.extend(service.shape),
    output: changed,
    examples: [{ service: 'wiki', ids: [example.delivery] }],
    access: admin,
    idempotent: true,
    timeoutMs,
    errors,
  }),
  drop: mutation({
    summary: 'Delete notifications that a service gave up; other ids are ignored',
    input: deliveryIds.extend(service.shape),
    output: changed,
    examples: [{ service: 'wiki', ids: [example.delivery] }],
    access: admin,
    idempotent: true,
    timeoutMs,
    errors,
  }),
};
