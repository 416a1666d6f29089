import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { entriesOf, type ContractEntry } from '@arcadium/mesh/contract';
import type { ServiceName } from '../mesh.ts';
import type { HostileRequest } from './exchange.ts';
import { httpCall, type Holdings } from './http-call.ts';
import { oddCursors, oddLimits, oddValues } from './odd-values.ts';
import type { Random } from './random.ts';
import { rightValue, shapeOf, type Shape } from './right-input.ts';

const contracts = [authContract, notificationContract, wikiContract];

/** Number of odd values for each field, chosen at random. */
const valuesPerField = 12;

/**
 * Calls of every procedure by an admitted caller, with whole inputs that are odd, and with valid inputs that
 * have one odd field: so the field's own rule, the handler or the database has to handle it. New procedures
 * are included automatically.
 */
export function oddInputs(random: Random, holdings: Holdings): HostileRequest[] {
  return contracts.flatMap(({ name: service, ...contract }) =>
    entriesOf({ name: service, ...contract }).flatMap((entry) => {
      const fields = fieldsOf(entry);
      const right = fields.map(
        (name) => [name, JSON.stringify(rightValue(entry.path, name, holdings))] as const,
      );
      const input = (odd: string, value: string): string =>
        `{${[...right.filter(([name]) => name !== odd), [odd, value] as const].map(([name, text]) => `"${name}":${text}`).join()}}`;
      const whole = Array.from({ length: 8 }, () => random.pick(oddValues));
      const single = fields.flatMap((field) => valuesFor(field, random).map((value) => input(field, value)));
      const surplus = ['__proto__', 'constructor', 'toString'].map((name) =>
        input(name, '{"role":"admin","limit":1e9}'),
      );
      return [...whole, ...single, ...surplus].map((text) => callWith(service, entry, text, holdings));
    }),
  );
}

function valuesFor(field: string, random: Random): string[] {
  const some = Array.from({ length: valuesPerField }, () => random.pick(oddValues));
  if (field === 'limit') return [...some, ...oddLimits];
  // A valid password costs 20 ms of CPU.
  if (/password/i.test(field)) return some.slice(0, 3);
  return field === 'cursor' ? [...some, ...oddCursors] : some;
}

/** The fields of an input, in any of its shapes. */
function fieldsOf(entry: ContractEntry): string[] {
  const names = ({ properties = {}, anyOf = [] }: Shape): string[] => [
    ...Object.keys(properties),
    ...anyOf.flatMap(names),
  ];
  return [...new Set(names(shapeOf(entry)))];
}

/** With GET or POST as required, as the first caller that the rule admits. */
function callWith(
  service: ServiceName,
  { path, procedure }: ContractEntry,
  input: string,
  holdings: Holdings,
): HostileRequest {
  const { alternatives } = procedure.access;
  const { services, user } = alternatives.find((one) => one.services === undefined) ?? alternatives[0] ?? {};
  const token = user === 'admin' ? holdings.admin : holdings.user;
  const authorization = services ? `Service-Token ${holdings.service}` : user ? `Bearer ${token}` : undefined;
  const call = {
    service,
    what: input.slice(0, 80),
    headers: {
      ...(authorization !== undefined && { authorization }),
      ...(services && user && { 'x-user-token': token }),
    },
  };
  // Queries with long inputs use POST.
  return procedure.kind === 'mutation' || input.length > 2000
    ? httpCall({ ...call, method: 'POST', target: path, body: input })
    : httpCall({ ...call, target: `${path}?input=${encodeURIComponent(input)}` });
}
