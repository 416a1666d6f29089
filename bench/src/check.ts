import { spawnSync } from 'node:child_process';
import { peersInstalled } from './peers.ts';

// The part of `npm run check` that reads the types of the peers: linting with
// types, and the types themselves.

if (peersInstalled()) {
  for (const command of ['oxlint --type-aware bench', 'tsc -p bench']) {
    const { status } = spawnSync(command, { shell: true, stdio: 'inherit' });
    if (status !== 0) process.exit(1);
  }
} else {
  console.log('bench: types not checked, its peers are not installed; `npm run test:bench` does both');
}
