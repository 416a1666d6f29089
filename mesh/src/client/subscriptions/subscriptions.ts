// A file of its own, so that a browser can get another one, which loads this later: see `browser` in package.json.
export { createSubscriptionClient } from './event-client.ts';
