import type { ServerResponse } from 'node:http';

interface MountedDrain {
  /** Call for each request. */
  watch(response: ServerResponse): void;
  /** Resolves when all responses are sent; after `timeoutMs`, the connections of the rest are cut. */
  finish(timeoutMs: number): Promise<void>;
}

/**
 * Finishes the responses of a service whose server goes on. Once `closing` has fired, its answers have `connection: close`,
 * so that clients with more than one endpoint open their next connection elsewhere.
 */
export function drainResponses(closing: AbortSignal): MountedDrain {
  const open = new Set<ServerResponse>();
  let done: (() => void) | undefined;
  return {
    watch(response) {
      if (closing.aborted) response.shouldKeepAlive = false;
      open.add(response);
      response.once('close', () => {
        open.delete(response);
        if (open.size === 0) done?.();
      });
    },
    async finish(timeoutMs) {
      for (const response of open) if (!response.headersSent) response.shouldKeepAlive = false;
      if (open.size === 0) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      done = resolve;
      const cut = setTimeout(() => {
        for (const response of open) response.destroy();
      }, timeoutMs);
      await promise;
      clearTimeout(cut);
    },
  };
}
