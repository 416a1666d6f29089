// npm sbom --package-lock-only --sbom-format cyclonedx … | node sbom.mjs > sbom.cdx.json
//
// Keeps of a bill of materials what is installed in node_modules, because `npm sbom --omit dev` also leaves out what one
// workspace needs at run time and another one for development. Leaves out the serial number and the time, which would
// differ between two builds of the same sources.

import { existsSync, readFileSync } from 'node:fs';
import { json } from 'node:stream/consumers';

const { packages } = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8'));
const nameOf = (path) => path.split('node_modules/').at(-1);
const installed = new Set(
  Object.entries(packages)
    .filter(([path]) => path.startsWith('node_modules/') && existsSync(path))
    .map(([path, { version, resolved, link }]) =>
      link ? `${nameOf(path)}@${packages[resolved].version}` : `${nameOf(path)}@${version}`,
    ),
);

const { serialNumber: _number, metadata, components, dependencies, ...bill } = await json(process.stdin);
delete metadata.timestamp;
const root = metadata.component['bom-ref'];
const listed = new Set(components.map((one) => one['bom-ref']).filter((ref) => installed.has(ref)));
const missing = [...installed].filter((ref) => !listed.has(ref));
if (missing.length > 0) throw new Error(`installed, but not in the bill of materials: ${missing.join(', ')}`);
process.stdout.write(
  `${JSON.stringify({
    ...bill,
    metadata,
    components: components.filter((one) => listed.has(one['bom-ref'])),
    dependencies: dependencies
      .filter(({ ref }) => ref === root || listed.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((one) => listed.has(one)) })),
  })}\n`,
);
