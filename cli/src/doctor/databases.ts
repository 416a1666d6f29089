import { postgresUrls } from '@arcadium/mesh/config';
import { openSession, readRoom, type FailedSession, type Session } from '@arcadium/postgres/inspect';
import { databaseUrls } from '../commands/database.ts';
import { settingsIn } from '../workspace.ts';
import type { CheckId } from './check-id.ts';
import { Needs } from './needs.ts';
import { valid, type Context } from './context.ts';
import { anyRuns } from './running.ts';

/** Which role of a service: the one that migrates, or the one that reads and writes rows. */
export type RoleKind = 'owner' | 'traffic';
export const roleKinds: readonly RoleKind[] = ['owner', 'traffic'];

/** The check that finds why a connection could not be made. */
export const finderOf: Readonly<Record<FailedSession['failed'], CheckId>> = {
  unreachable: 'database.unreachable',
  login: 'roles.login',
  database: 'database.missing',
  connect: 'roles.connect',
  pooler: 'pools.pooler',
};

/** The services with a database. */
export function users(context: Context): Promise<readonly string[]> {
  return context.servicesWith('DATABASE_URL');
}

/** The URL of a service for one of its roles, to PostgreSQL itself. @throws Needs */
export function urlOf(context: Context, service: string, role: RoleKind): string {
  const { url, trafficUrl, directUrl } = valid(() => databaseUrls(context.settings(service)));
  return role === 'owner' ? url : (directUrl ?? trafficUrl);
}

/** The schema, the database and the roles of a service. @throws Needs */
export function roomOf(context: Context, service: string) {
  const [url, ownerUrl] = [urlOf(context, service, 'traffic'), urlOf(context, service, 'owner')];
  try {
    return readRoom({ name: service, url, ownerUrl });
  } catch {
    throw new Needs('database.urls-differ');
  }
}

/** Host and database of a URL, such as `127.0.0.1:54320/arcadium`. */
export function placeOf(url: string): string {
  const urls = postgresUrls(url).map((one) => new URL(one));
  return `${urls.map(({ host }) => host).join()}${urls[0]?.pathname ?? ''}`;
}

/** Tries to connect with a service's URL. @throws Needs */
export function tryConnect(
  context: Context,
  service: string,
  role: RoleKind,
): Promise<Session | FailedSession> {
  const url = urlOf(context, service, role);
  return context.once(`session ${service} ${url}`, async () => {
    const opened = await openSession(url, service, context.patienceMs);
    if ('close' in opened) context.atEnd(() => opened.close());
    return opened;
  });
}

/** A session of a service. @throws Needs */
export async function sessionOf(context: Context, service: string, role: RoleKind): Promise<Session> {
  const opened = await tryConnect(context, service, role);
  if ('close' in opened) return opened;
  throw new Needs(finderOf[opened.failed]);
}

/** The databases that services use, each with its services. */
export async function databasesOf(context: Context): Promise<ReadonlyMap<string, readonly string[]>> {
  const named = (await users(context)).flatMap((service) => {
    try {
      return [{ service, place: placeOf(urlOf(context, service, 'traffic')) }];
    } catch (error) {
      if (error instanceof Needs) return [];
      throw error;
    }
  });
  const groups = Map.groupBy(named, ({ place }) => place);
  return new Map([...groups].map(([place, all]) => [place, all.map(({ service }) => service)]));
}

/** For checks of each database. */
export async function databases(context: Context): Promise<readonly string[]> {
  return [...(await databasesOf(context)).keys()];
}

/** A session with a database, of any role that can connect. @throws Needs */
export async function sessionIn(context: Context, place: string): Promise<Session> {
  const services = (await databasesOf(context)).get(place) ?? [];
  const opened = await Promise.all(
    services.flatMap((service) =>
      roleKinds.map((role) => tryConnect(context, service, role).catch(() => undefined)),
    ),
  );
  const session = opened.find((one): one is Session => one !== undefined && 'close' in one);
  if (session) return session;
  const failed = opened.find((one): one is FailedSession => one !== undefined && 'failed' in one);
  throw new Needs(finderOf[failed?.failed ?? 'unreachable']);
}

/** A session of a service whose schema is there. @throws Needs, also where a statement lacks a right */
export async function schemaSession(
  context: Context,
  service: string,
  role: RoleKind,
): Promise<Pick<Session, 'query' | 'use'>> {
  roomOf(context, service);
  const session = await sessionOf(context, service, role);
  const exists = await context.once(`schema ${service}`, () =>
    session.query('SELECT FROM pg_namespace WHERE nspname = $1', [service]),
  );
  if (exists.length === 0) throw new Needs('database.schema-missing');
  const refused = (error: Error & { code?: string }): never => {
    if (error.code === '42501') throw new Needs(role === 'owner' ? 'roles.not-owner' : 'roles.no-usage');
    throw error;
  };
  return {
    query: (sql, values) => session.query<never>(sql, values).catch(refused),
    use: (work) => session.use(work).catch(refused),
  };
}

/** Whether a database is the one that `npm run dev` starts, and the mesh does not run. */
export async function isAsleep(context: Context, place: string): Promise<boolean> {
  if (context.checkout.environment['DATABASE_URL'] || (await anyRuns(context))) return false;
  const { DATABASE_ADMIN_URL: admin } = settingsIn(context.checkout, 'prisma');
  return admin !== undefined && placeOf(admin).split('/')[0] === place.split('/')[0];
}
