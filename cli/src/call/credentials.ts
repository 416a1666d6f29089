import type { ProcedureDescription } from '@arcadium/mesh/contract';
import { header, serviceTokenScheme, userTokenScheme } from '@arcadium/mesh/client';
import { noSuch } from '../commands/choices.ts';
import { inCheckout, serviceNames, settingsOf } from '../workspace.ts';

/** Who calls: anyone, the administrator, or a service, for the administrator where a user is asked for. */
export type CallAs = Readonly<{ service?: string | undefined; user: boolean }>;

/**
 * Whom a procedure admits with the least rights.
 *
 * @param chosen `anyone`, `user` or a service's name; if undefined, the rule decides.
 */
export function callerFor({ access }: ProcedureDescription, chosen: string | undefined): CallAs {
  const { alternatives } = access;
  if (chosen === 'anyone') return { user: false };
  if (chosen === 'user') return { user: true };
  if (chosen !== undefined) {
    const forService = alternatives.find(
      ({ services }) => services === 'any' || services?.includes(chosen) === true,
    );
    return { service: chosen, user: forService?.user !== undefined };
  }
  if (alternatives.some(({ services, user }) => !services && !user)) return { user: false };
  if (alternatives.some(({ services }) => !services)) return { user: true };
  const [first] = alternatives;
  const [service] =
    first?.services === 'any' ? (inCheckout ? serviceNames() : ['service']) : (first?.services ?? []);
  return { service, user: first?.user !== undefined };
}

/**
 * The headers of a call.
 *
 * @param logIn Gives an administrator's access token; only called if one is needed.
 * @throws Error if the service is not known here, or has no token here.
 */
export async function credentialsOf(
  { service, user }: CallAs,
  logIn: () => Promise<string>,
): Promise<Record<string, string>> {
  if (service === undefined)
    return user ? { [header.authorization]: `${userTokenScheme} ${await logIn()}` } : {};
  const known = serviceNames();
  if (inCheckout && !known.includes(service)) throw noSuch('service', service, { choices: known });
  const { SERVICE_TOKEN } = settingsOf(`services/${service}`);
  if (SERVICE_TOKEN === undefined)
    throw new Error(
      inCheckout
        ? `services/${service}/.env has no SERVICE_TOKEN: run "npm run setup"`
        : `To call as ${service}, set SERVICE_TOKEN to a token of it`,
    );
  return {
    [header.authorization]: `${serviceTokenScheme} ${SERVICE_TOKEN}`,
    ...(user && { [header.userToken]: await logIn() }),
  };
}
