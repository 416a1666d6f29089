import { spawnSync } from 'node:child_process';
import { peersInstalled } from './peers.ts';

// The part of `npm run check` that needs the benchmark's packages: type-aware linting, and types.

if (peersInstalled()) {
  for (const command of ['oxlint --type-aware bench', 'tsc -p bench']) {
    const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
} else {
  console.log(
    'bench: types not checked, its packages are not installed; `npm run test:bench` installs and checks them',
  );
}
