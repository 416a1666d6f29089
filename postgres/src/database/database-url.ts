/**
 * `postgres://role:password@host:port/database`, or a function that returns it: called for each new connection, so that
 * the password or the role may change.
 */
export type DatabaseUrl = string | (() => string);

/** The URL for a connection that is made now. */
export function currentUrl(url: DatabaseUrl): string {
  return typeof url === 'string' ? url : url();
}
