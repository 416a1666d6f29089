import type { dashboardContract } from '@arcadium/contracts/dashboard';
import type { Handlers } from '@arcadium/mesh/server';

type OutboxHandlers = Handlers<typeof dashboardContract>['outbox'];

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

/** The outbox of one service, which gave up two notifications. */
export class Outbox {
  readonly #service: string;
  #rows = [
    {
      id: '412',
      userId: '01890a5d-ac96-774b-bcce-b302099a8058',
      topic: 'comment',
      title: 'Ben commented on Release checklist',
      createdAt: minutesAgo(52),
      givenUpAt: minutesAgo(41),
      attempts: 20,
      failures: 20,
      error: 'INTERNAL_SERVER_ERROR: The notification could not be stored',
    },
    {
      id: '388',
      userId: '01890a5d-ac96-774b-bcce-b302099a8059',
      topic: 'page',
      title: 'Ann changed On-call handbook',
      createdAt: minutesAgo(180),
      givenUpAt: minutesAgo(180),
      attempts: 1,
      failures: 0,
      error: 'BAD_REQUEST: link must be a path on this site',
    },
  ];

  constructor(service: string) {
    this.#service = service;
  }

  /** Null for a service without an outbox. */
  countOf(service: string): number | null {
    return service === this.#service ? this.#rows.length : null;
  }

  handlers(known: (service: string) => boolean): OutboxHandlers {
    const check = (service: string, errors: Parameters<OutboxHandlers['list']>[0]['errors']): void => {
      if (!known(service)) throw errors.SERVICE_NOT_FOUND({ service });
      if (service !== this.#service) throw errors.NO_OUTBOX({ service });
    };
    // Both take the rows away: one to deliver them, one for good.
    const remove: OutboxHandlers['drop'] = async ({ input: { service, ids }, errors }) => {
      check(service, errors);
      const before = this.#rows.length;
      this.#rows = this.#rows.filter(({ id }) => !ids.includes(id));
      return { changed: before - this.#rows.length };
    };
    return {
      list: async ({ input: { service, limit }, errors }) => {
        check(service, errors);
        return { items: this.#rows.slice(0, limit), nextCursor: null };
      },
      retry: remove,
      drop: remove,
    };
  }
}
