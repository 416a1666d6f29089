import type { PrismaClient } from '@arcadium/prisma/auth';

/** The time of the database's clock, in milliseconds since 1970. */
export async function databaseTime(client: Pick<PrismaClient, '$queryRaw'>): Promise<number> {
  const [row] = await client.$queryRaw<[{ ms: number }]>`
    SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`;
  return row.ms;
}
