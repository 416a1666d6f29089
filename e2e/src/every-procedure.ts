import { authContract } from '@arcadium/contracts/auth';
import { notificationContract } from '@arcadium/contracts/notification';
import { wikiContract } from '@arcadium/contracts/wiki';
import { entriesOf, type ContractEntry } from '@arcadium/mesh/contract';
import type { ServiceName } from './mesh.ts';

/** A procedure and its service. */
export type ServiceProcedure = ContractEntry & { readonly service: ServiceName };

/** All procedures of all services. */
export const everyProcedure: readonly ServiceProcedure[] = [
  authContract,
  notificationContract,
  wikiContract,
].flatMap((contract) =>
  entriesOf(contract).map(({ path, procedure }) => ({ service: contract.name, path, procedure })),
);
