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

/** How many odd values each field gets; which, is chance. */
const valuesPerField = 12;

/**
 * Every procedure of every contract by a caller whom it admits, with whole
 * inputs that are odd, and with inputs that are right but for one field: so
 * that it is the field's own rule, or the handler, or the database that meets
 * the oddity. A new procedure is in here without a word.
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
  // A password that fits costs 20 ms of a processor, by design.
  if (/password/i.test(field)) return some.slice(0, 3);
  return field === 'cursor' ? [...some, ...oddCursors] : some;
}

/** The names of an input's fields; those of all its shapes, where it has several. */
function fieldsOf(entry: ContractEntry): string[] {
  const names = ({ properties = {}, anyOf = [] }: Shape): string[] => [
    ...Object.keys(properties),
    ...anyOf.flatMap(names),
  ];
  return [...new Set(names(shapeOf(entry)))];
}

/** By GET or POST as the procedure's kind wants, as the first whom its rule admits. */
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
  // What is too long for a URL, a query takes as a body too.
  return procedure.kind === 'mutation' || input.length > 2000
    ? httpCall({ ...call, method: 'POST', target: path, body: input })
    : httpCall({ ...call, target: `${path}?input=${encodeURIComponent(input)}` });
}
