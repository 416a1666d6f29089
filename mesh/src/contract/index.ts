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
export { contractHash, describeContract, type DescribedContract } from './contract-hash.ts';
export {
  describeProcedures,
  takeSnapshot,
  type ContractSnapshot,
  type ErrorDescription,
  type ProcedureDescription,
} from './description.ts';
export { type JsonSchema } from './schema/json-schema.ts';
export {
  error,
  errorFactories,
  type ErrorDefinition,
  type ErrorDefinitions,
  type ErrorFactories,
  type NamedErrorOf,
} from './error.ts';
export { contractFromSnapshot } from './from-snapshot.ts';
export { openEnum, type OpenEnum } from './open-enum.ts';
export { openApi, type OpenApiDocument, type OpenApiOptions } from './openapi.ts';
export {
  mutation,
  query,
  subscription,
  type AnyProcedure,
  type Priority,
  type Procedure,
  type RateLimit,
  type ProcedureKind,
} from './procedure.ts';
export { type RouterOf } from './router-type.ts';
export {
  defaultTimeoutMs,
  errorCodes,
  isErrorCode,
  keyReused,
  MeshError,
  type ErrorCode,
  type ErrorData,
  type ErrorShape,
  type InputIssue,
  type MeshErrorOptions,
  type NamedError,
  type RetryAdvice,
} from '../wire/index.ts';
