/** A service to make room for. */
export interface ProvisionedService {
  /** Name of its schema, e.g. `auth`. */
  name: string;
  /** Its `DATABASE_URL`: role and password of its traffic, and the database. */
  url: string;
  /**
   * Its `DATABASE_OWNER_URL`: role and password that its schema belongs to and
   * that migrates it. @default the same role as for traffic
   */
  ownerUrl?: string | undefined;
}

/** One login of PostgreSQL. */
export interface Role {
  name: string;
  password: string;
}

/** What a service gets: a schema in a database, and who may do what there. */
export interface Room {
  schema: string;
  database: string;
  /** Whose the schema is, with all that migrations make in it. */
  owner: Role;
  /** Who reads and writes rows; the owner himself, where there is one role for both. */
  traffic: Role;
}

/**
 * @throws Error naming the setting, when a URL lacks role, password or database, or the two name different databases.
 */
export function readRoom({ name, url, ownerUrl = url }: ProvisionedService): Room {
  const traffic = readUrl(`DATABASE_URL of ${name}`, url);
  const owner = readUrl(`DATABASE_OWNER_URL of ${name}`, ownerUrl);
  if (owner.host !== traffic.host || owner.database !== traffic.database) {
    throw new Error(`the DATABASE_URL and the DATABASE_OWNER_URL of ${name} must name the same database`);
  }
  return { schema: name, database: traffic.database, owner: owner.role, traffic: traffic.role };
}

function readUrl(setting: string, url: string): { role: Role; host: string; database: string } {
  const { username, password, pathname, host } = new URL(url);
  const database = decodeURIComponent(pathname.slice(1));
  if (!username || !password || !database) {
    throw new Error(
      `the ${setting} must name a role, a password and a database: postgres://role:password@host:port/database`,
    );
  }
  return {
    role: { name: decodeURIComponent(username), password: decodeURIComponent(password) },
    host,
    database,
  };
}
