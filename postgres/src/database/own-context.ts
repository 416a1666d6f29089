import { currentScope, scopes, type Scope } from '@arcadium/mesh/telemetry';

type Loader = (request: object) => Promise<unknown>;

/** The part of Prisma's client that batches queries. */
interface DataLoader {
  request: Loader;
  readonly options: { singleLoader: Loader; batchLoader: (requests: object[]) => Promise<unknown> };
}

/**
 * Makes a Prisma client run each query as part of its own call. Prisma batches queries of one moment
 * (`findUnique`, and those of a transaction), and runs all of them as part of the call with the first query.
 * With this, a batch for several calls runs outside of them, so that no call can cancel it.
 *
 * @throws TypeError if Prisma's internals differ from what this expects.
 */
export function keepOwnContext(client: object): void {
  const { dataloader } = (client as { _requestHandler?: { dataloader?: DataLoader } })._requestHandler ?? {};
  if (typeof dataloader?.options?.singleLoader !== 'function')
    throw new TypeError('This version of Prisma builds queries in an unknown way');
  const { options, request } = dataloader;
  const { singleLoader, batchLoader } = options;
  const scopeOf = new WeakMap<object, Scope>();

  dataloader.request = (one) => {
    const scope = currentScope();
    if (scope) scopeOf.set(one, scope);
    return request.call(dataloader, one);
  };
  options.singleLoader = (one) => runAs(scopeOf.get(one), () => singleLoader(one));
  options.batchLoader = (all) => {
    const [first, ...others] = new Set(all.map((one) => scopeOf.get(one)));
    return runAs(others.length > 0 ? undefined : first, () => batchLoader(all));
  };
}

function runAs<Result>(scope: Scope | undefined, run: () => Result): Result {
  return scope ? scopes.run(scope, run) : scopes.exit(run);
}
