import { admin, describeProcedures, type Access } from '../../contract/index.ts';
import type { Service, ServiceOptions } from '../service.ts';
import type { Route } from './answer.ts';
import { guarded, operators } from './guarded.ts';

const rules: Readonly<Record<NonNullable<ServiceOptions['contractAccess']>, Access | undefined>> = {
  open: undefined,
  token: operators,
  admin,
};

/** Makes the route `/api/contract`: the contract of the service as JSON. The text is made once, when it is first read. */
export function contractRoute(service: Service): Route {
  const { name, procedures, options } = service;
  let made: string | undefined;
  const route: Route = () => {
    made ??= JSON.stringify({ name, version: options.version, procedures: describeProcedures(procedures) });
    return { status: 200, text: made, headers: { 'content-type': 'application/json' } };
  };
  const rule = rules[options.contractAccess ?? 'token'];
  return rule ? guarded(service, { path: '/api/contract', rule }, route) : route;
}
