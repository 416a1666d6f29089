/** Parts of the mesh, in the order of the report. The first word of a check's id is its category. */
export const categories = [
  'machine',
  'environment',
  'secrets',
  'clocks',
  'keys',
  'database',
  'roles',
  'migrations',
  'pools',
  'outbox',
  'ports',
  'services',
  'versions',
  'contracts',
  'tls',
] as const;
export type Category = (typeof categories)[number];

export type CheckId = `${Category}.${string}`;
