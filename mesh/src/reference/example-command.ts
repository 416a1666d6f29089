import type { Alternative, ProcedureDescription } from '../contract/index.ts';
import { header, serviceTokenScheme, userTokenScheme } from '../wire/index.ts';

/**
 * One call as a command for a shell with curl. The address is in `<NAME>_SERVICE_URL`, the tokens of a user and of a
 * service are in `USER_TOKEN` and `SERVICE_TOKEN`.
 *
 * @param service Its name, such as `wiki`.
 * @param input Undefined for none.
 *
 * @example
 * for (const procedure of deployed.procedures) console.log(exampleCommand('shop', procedure, procedure.examples?.[0]));
 */
export function exampleCommand(service: string, procedure: ProcedureDescription, input?: unknown): string {
  const { path, kind, access, idempotent } = procedure;
  const url = `"$${service.toUpperCase().replaceAll('-', '_')}_SERVICE_URL/trpc/${path}"`;
  const json = input === undefined ? undefined : JSON.stringify(input);
  const key = idempotent === 'by-key' ? [`-H '${header.idempotencyKey}: ${path}-1'`] : [];
  const lines =
    kind === 'subscription'
      ? [
          `curl -N -G ${url}`,
          "-H 'accept: text/event-stream'",
          ...credentialsOf(access.alternatives),
          ...(json === undefined ? [] : [`--data-urlencode ${quoted(`input=${json}`)}`]),
        ]
      : [
          `curl -X POST ${url}`,
          "-H 'content-type: application/json'",
          ...credentialsOf(access.alternatives),
          ...key,
          ...(json === undefined ? [] : [`-d ${quoted(json)}`]),
        ];
  return lines.join(' \\\n  ');
}

/** Of the alternative that asks for least: no credentials, then a user, then a service. */
function credentialsOf(alternatives: readonly Alternative[]): string[] {
  const one =
    alternatives.find(({ services, user }) => !services && !user) ??
    alternatives.find(({ services }) => !services) ??
    alternatives[0];
  if (!one) return [];
  if (!one.services) return one.user ? [`-H "${header.authorization}: ${userTokenScheme} $USER_TOKEN"`] : [];
  return [
    `-H "${header.authorization}: ${serviceTokenScheme} $SERVICE_TOKEN"`,
    ...(one.user ? [`-H "${header.userToken}: $USER_TOKEN"`] : []),
  ];
}

/** A word for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
