import { relative } from 'node:path';
import { packAll } from './pack/pack.ts';
import { root } from './workspace.ts';

// npm run pack: compiles the packages that are published, and writes their tarballs to dist/packages/

try {
  for (const { name, tarball, files, size } of await packAll()) {
    const kilobytes = (size / 1000).toFixed(0);
    console.log(`${name}: ${relative(root, tarball)}, ${files.length} files, ${kilobytes} kB`);
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
