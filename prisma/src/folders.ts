import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder `prisma/` of this repository, absolute. */
export const prismaFolder: string = dirname(dirname(fileURLToPath(import.meta.url)));

/** The root of this repository, absolute. */
export const repositoryFolder: string = dirname(prismaFolder);

/** The schema file of a service, absolute; it may not exist. */
export function schemaFile(service: string): string {
  return join(prismaFolder, service, 'schema.prisma');
}

/** The folder of a service's migrations, absolute; it may not exist. */
export function migrationsFolder(service: string): string {
  return join(prismaFolder, service, 'migrations');
}

/** The services with a schema here (`prisma/<name>/schema.prisma`), sorted. */
export function servicesWithSchema(): string[] {
  return readdirSync(prismaFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(schemaFile(entry.name)))
    .map((entry) => entry.name)
    .toSorted();
}
