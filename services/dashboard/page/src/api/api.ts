import type { dashboardContract } from '@arcadium/contracts/dashboard';
import type { RouterOf } from '@arcadium/mesh/contract';
import type { TRPCClient } from '@trpc/client';

export type Router = RouterOf<typeof dashboardContract>;

/** The dashboard's procedures. */
export type Api = TRPCClient<Router>;
