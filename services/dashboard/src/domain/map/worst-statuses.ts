import type { ServiceStatus } from '@arcadium/contracts/dashboard';
import type { NodeStatus } from './mesh-map.ts';

const order: readonly ServiceStatus[] = ['healthy', 'degraded', 'unknown', 'stale', 'unhealthy'];

/** The worst that the services were within a minute. */
export class WorstStatuses {
  #statuses = new Map<string, NodeStatus>();
  #shedding = new Set<string>();

  observe(statuses: readonly NodeStatus[], isShedding: (service: string) => boolean): void {
    for (const now of statuses) {
      const before = this.#statuses.get(now.service);
      const worse = !before || order.indexOf(now.status) > order.indexOf(before.status);
      this.#statuses.set(now.service, { ...now, status: worse ? now.status : before.status });
      if (isShedding(now.service)) this.#shedding.add(now.service);
    }
  }

  /** Begins again. */
  take(): { statuses: NodeStatus[]; isShedding: (service: string) => boolean } {
    const shedding = this.#shedding;
    const statuses = [...this.#statuses.values()];
    this.#statuses = new Map();
    this.#shedding = new Set();
    return { statuses, isShedding: (service) => shedding.has(service) };
  }
}
