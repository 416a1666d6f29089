export {
  actingFor,
  admin,
  anyone,
  anyService,
  describeAccess,
  either,
  services,
  user,
  type Access,
  type Alternative,
  type CallerOf,
  type ScopedRule,
  type Scopes,
} from './access.ts';
export {
  admit,
  missingScopes,
  needsUser,
  nobody,
  type AdmittedCaller,
  type Caller,
  type ServiceIdentity,
  type UserIdentity,
} from './caller.ts';
export {
  contract,
  entriesOf,
  isProcedure,
  type AnyContract,
  type Contract,
  type ContractEntry,
  type PathOf,
  type ProcedureAt,
  type ProcedureTree,
} from './contract.ts';
export {
  describeProcedures,
  type ErrorDescription,
  type JsonSchema,
  type ProcedureDescription,
} from './description.ts';
export {
  error,
  errorFactories,
  type ErrorDefinitions,
  type ErrorFactories,
  type NamedErrorOf,
} from './error.ts';
export {
  defaultTimeoutMs,
  mutation,
  query,
  subscription,
  type AnyProcedure,
  type Priority,
  type RateLimit,
  type ProcedureKind,
} from './procedure.ts';
export { type RouterOf } from './router-type.ts';
