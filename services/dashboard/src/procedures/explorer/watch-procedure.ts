import { tracked } from '@arcadium/mesh/server';
import { adminCredentials } from '../../explorer/own-credentials.ts';
import { watchEvents } from '../../explorer/watch-events.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function watchProcedure({
  explorer,
}: Pick<DashboardDeps, 'explorer'>): DashboardHandler<'explorer.watch'> {
  return async function* ({ input, caller, errors, signal }) {
    explorer.admit(caller);
    const { service, path, as, onBehalfOf } = input;
    const found = await explorer.contracts.find(service, path, adminCredentials(caller));
    if (!found) throw errors.PROCEDURE_NOT_FOUND({ service, path });
    const { kind } = found.procedure;
    if (kind !== 'subscription') throw errors.WRONG_KIND({ path, kind });
    await using credentials = await explorer.credentialsFor(as, { caller, onBehalfOf, signal });
    if (!credentials) throw errors.NO_CREDENTIALS({ as });
    const request = { ...found, input: input.input, authorization: credentials.authorization };
    for await (const event of watchEvents(request, signal)) yield tracked(String(event.number), event);
  };
}
