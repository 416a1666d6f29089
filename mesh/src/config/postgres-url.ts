/** `postgres://`, user and password, servers, and the rest. */
const parts = /^(postgres(?:ql)?:\/\/(?:[^/?#]*@)?)([^@/?#]*)(.*)$/s;

/** The values of `target_session_attrs` that name the server that takes writes. */
const primary = new Set(['read-write', 'primary']);

/**
 * The URLs of the servers that a PostgreSQL URL names, in its order. As with libpq, it may name several,
 * separated by commas: a primary and its standbys, of which one takes writes at a time.
 *
 * @example
 * postgresUrls('postgres://wiki:pw@db1,db2:5433/arcadium?target_session_attrs=read-write');
 * // ['postgres://wiki:pw@db1/arcadium', 'postgres://wiki:pw@db2:5433/arcadium']
 *
 * @throws Error that says what is wrong, without the URL, which contains a password.
 * @see https://www.postgresql.org/docs/current/libpq-connect.html#LIBPQ-MULTIPLE-HOSTS
 */
export function postgresUrls(url: string): [string, ...string[]] {
  const [, before = '', hosts = '', after = ''] = parts.exec(url) ?? [];
  if (before === '') throw new Error('must be postgres://user:password@host:port/database');
  const [path = '', query = ''] = after.split('?', 2);
  const options = new URLSearchParams(query);
  const wanted = options.get('target_session_attrs');
  if (wanted !== null && !primary.has(wanted))
    throw new Error(
      `target_session_attrs=${wanted} is not supported: a service needs the server that takes writes (read-write)`,
    );
  // Rewritten only where it must be: other parameters stay as they are written.
  options.delete('target_session_attrs');
  const rest = wanted === null ? after : `${path}${options.size > 0 ? `?${options.toString()}` : ''}`;
  const [first = '', ...others] = hosts.split(',').map((host) => `${before}${host}${rest}`);
  const all: [string, ...string[]] = [first, ...others];
  const named = all.length === 1 || hosts.split(',').every((host) => host !== '');
  if (!named || !all.every((one) => URL.canParse(one)))
    throw new Error('must be postgres://user:password@host:port/database, with commas between several hosts');
  return all;
}
