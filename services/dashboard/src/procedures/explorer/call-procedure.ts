import { makeCall } from '../../explorer/make-call.ts';
import { adminCredentials } from '../../explorer/own-credentials.ts';
import type { DashboardDeps, DashboardHandler } from '../deps.ts';

export function callProcedure({
  explorer,
}: Pick<DashboardDeps, 'explorer'>): DashboardHandler<'explorer.run'> {
  return async ({ input, caller, errors, signal }) => {
    explorer.admit(caller);
    const { service, path, as, onBehalfOf } = input;
    const found = await explorer.contracts.find(service, path, adminCredentials(caller));
    if (!found) throw errors.PROCEDURE_NOT_FOUND({ service, path });
    const { kind } = found.procedure;
    if (kind === 'subscription') throw errors.WRONG_KIND({ path, kind });
    await using credentials = await explorer.credentialsFor(as, { caller, onBehalfOf, signal });
    if (!credentials) throw errors.NO_CREDENTIALS({ as });
    const { idempotencyKey, timeoutMs } = input;
    const { authorization } = credentials;
    return await makeCall({ ...found, input: input.input, authorization, idempotencyKey, timeoutMs }, signal);
  };
}
