import type {
  TRPCBuiltRouter,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
  TRPCSubscriptionProcedure,
} from '@trpc/server';
import type { z } from 'zod';
import type { ErrorShape } from '../wire/index.ts';
import type { CallerOf, Presents } from './access.ts';
import type { AnyContract } from './contract.ts';
import type { NamedErrorOf } from './error.ts';
import type { AnyProcedure } from './procedure.ts';

/**
 * The tRPC router type of a contract, for `createTRPCClient<RouterOf<typeof wikiContract>>` and other tRPC tools. A
 * second parameter limits it to the procedures that this caller may call: `RouterOf<typeof notificationContract,
 * 'wiki'>`.
 */
export type RouterOf<From extends AnyContract, As extends string = Everybody> = TRPCBuiltRouter<
  { ctx: object; meta: object; errorShape: ErrorShape; transformer: false },
  RecordOf<From['procedures'], As>
>;

/** Any caller: all procedures. */
type Everybody = string;

type RecordOf<Tree, As extends string> = {
  [Key in keyof Tree as IsEmpty<Tree[Key], As> extends true ? never : Key]: Tree[Key] extends AnyProcedure
    ? TrpcProcedureOf<Tree[Key]>
    : RecordOf<Tree[Key], As>;
};

/** Whether a node has no procedure that the caller may call. */
type IsEmpty<Node, As extends string> = Node extends AnyProcedure
  ? IsOpenTo<Node, As> extends true
    ? false
    : true
  : keyof RecordOf<Node, As> extends never
    ? true
    : false;

type IsOpenTo<Node extends AnyProcedure, As extends string> = string extends As
  ? true
  : CallerOf<Node['access']> & Presents<As> extends never
    ? false
    : true;

type TrpcProcedureOf<From extends AnyProcedure> = From['kind'] extends 'query'
  ? TRPCQueryProcedure<DefinitionOf<From>>
  : From['kind'] extends 'mutation'
    ? TRPCMutationProcedure<DefinitionOf<From>>
    : TRPCSubscriptionProcedure<DefinitionOf<From>>;

interface DefinitionOf<From extends AnyProcedure> {
  input: z.input<From['input']>;
  output: From['kind'] extends 'subscription'
    ? AsyncIterable<{ id: string; data: z.output<From['output']> }, void, undefined>
    : z.output<From['output']>;
  meta: object;
  errorShape: ErrorShape<NamedErrorOf<From['errors']>>;
}
