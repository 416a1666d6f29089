import { postgresUrls } from '@arcadium/mesh/config';

/** A service to provision for. */
export interface ProvisionedService {
  /** Name of its schema, such as `auth`. */
  name: string;
  /** Its `DATABASE_URL`: the traffic role with its password, and the database. */
  url: string;
  /**
   * Its `DATABASE_OWNER_URL`: the role that owns and migrates its schema.
   *
   * @default the same role as for traffic
   */
  ownerUrl?: string | undefined;
}

/** A PostgreSQL login. */
export interface Role {
  name: string;
  password: string;
}

/** The provision of a service: a schema in a database, and its roles. */
export interface Room {
  schema: string;
  database: string;
  /** Owns the schema and everything that migrations create in it. */
  owner: Role;
  /** Reads and writes rows; the same as the owner if there is only one role. */
  traffic: Role;
}

/**
 * @throws Error with the setting, if a URL lacks role, password or database, or the two name different
 * databases.
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
  const urls = postgresUrls(url);
  const { username, password, pathname } = new URL(urls[0]);
  const host = urls.map((one) => new URL(one).host).join();
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
