import { defineConfig } from 'prisma/config';

// `prisma generate` requires a schema-engine binary that it never runs, and would download one. Any
// executable satisfies it, so generation works offline.
process.env['PRISMA_SCHEMA_ENGINE_BINARY'] ??= process.execPath;

const service = process.env['PRISMA_SERVICE'];
if (!service) {
  throw new Error(
    'set PRISMA_SERVICE to the folder to work on, e.g. PRISMA_SERVICE=auth (npm run generate does)',
  );
}

export default defineConfig({
  schema: `${service}/schema.prisma`,
  migrations: { path: `${service}/migrations` },
});
