import type { createSubscriptionClient as createEventClient } from '../subscriptions/event-client.ts';

/**
 * A page names what it subscribes with (`subscriptions` of `connect`), so that pages without subscriptions do not load
 * it. Instead of subscriptions/subscriptions.ts.
 */
export function createSubscriptionClient(): Pick<ReturnType<typeof createEventClient>, 'subscription'> {
  return {
    subscription() {
      throw new TypeError(
        'To subscribe in a browser, pass `subscriptions: serverSentEvents` to `connect`; both are in @arcadium/mesh/client',
      );
    },
  };
}
