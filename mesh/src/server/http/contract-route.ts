import { admin, openApi, type Access, type ContractSnapshot } from '../../contract/index.ts';
import type { Service, ServiceOptions } from '../service.ts';
import type { Route } from './answer.ts';
import { guarded, operators } from './guarded.ts';

const rules: Readonly<Record<NonNullable<ServiceOptions['contractAccess']>, Access | undefined>> = {
  open: undefined,
  token: operators,
  admin,
};

/** Makes the routes that show the contract: as it is, and as OpenAPI. Each text is made once, when it is first read. */
export function contractRoutes(service: Service): Record<string, Route> {
  const { name, options } = service;
  const { version } = options;
  const texts: Readonly<Record<string, (snapshot: ContractSnapshot) => object>> = {
    '/api/contract': (snapshot) => snapshot,
    '/openapi.json': ({ procedures }) => openApi(procedures, { name, version }),
  };
  const rule = rules[options.contractAccess ?? 'token'];
  const routes = Object.entries(texts).map(([path, describe]) => {
    let made: string | undefined;
    const route: Route = () => {
      made ??= JSON.stringify(describe(service.described().snapshot));
      return { status: 200, text: made, headers: { 'content-type': 'application/json' } };
    };
    return [path, rule ? guarded(service, { path, rule }, route) : route];
  });
  return Object.fromEntries(routes);
}
