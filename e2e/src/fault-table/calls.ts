import { authContract } from '@arcadium/contracts/auth';
import { wikiContract } from '@arcadium/contracts/wiki';
import { connect } from '@arcadium/mesh/client';
import type { recordingLogger } from '@arcadium/mesh/testing';
import type { ServiceName } from '../mesh.ts';
import type { Kind } from './expectations.ts';

/** The users and the page of the calls. */
export interface Subject {
  readonly token: string;
  readonly adminToken: string;
  readonly pageId: string;
}

/** A separate client for one row. */
export interface Caller extends AsyncDisposable {
  /** Opens the connection with a query. */
  warm(): Promise<unknown>;
  call(): Promise<unknown>;
}

/** A kind of call: the procedure that represents it, and how to connect. */
export interface KindOfCall {
  readonly service: ServiceName;
  readonly path: string;
  connect(url: string, log: ReturnType<typeof recordingLogger>): Caller;
}

/** The client's defaults, without jitter. */
export const retryPolicy = { attempts: 3, baseMs: 1000, jitter: 0 };

/** The procedures that represent each kind. */
export function kindsOfCalls({ token, adminToken, pageId }: Subject): Record<Kind, KindOfCall> {
  const wiki = (path: string, call: (client: ReturnType<typeof wikiAt>) => Promise<unknown>): KindOfCall => ({
    service: 'wiki',
    path,
    connect(url, log) {
      const client = wikiAt(url, log);
      return {
        warm: () => client.pages.get.query({ id: pageId }),
        call: () => call(client),
        [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
      };
    },
  });
  const wikiAt = (url: string, log: ReturnType<typeof recordingLogger>) =>
    connect(wikiContract, { as: 'user', url, token, log, retryPolicy });
  return {
    query: wiki('pages.get', (client) => client.pages.get.query({ id: pageId })),
    'idempotent mutation': wiki('pages.watch', (client) => client.pages.watch.mutate({ id: pageId })),
    'mutation with a key': wiki('comments.create', (client) =>
      client.comments.create.mutate({ pageId, body: 'A comment' }),
    ),
    'plain mutation': {
      service: 'auth',
      path: 'serviceTokens.issue',
      connect(url, log) {
        const client = connect(authContract, { as: 'admin', url, token: adminToken, log, retryPolicy });
        return {
          warm: () => client.keys.list.query(),
          call: () => client.serviceTokens.issue.mutate({ service: 'tasks' }),
          [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
        };
      },
    },
  };
}
