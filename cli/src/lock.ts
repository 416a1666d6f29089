import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tidyLock, type LockFile } from './lock-file.ts';
import { root } from './workspace.ts';

// npm run lock: writes package-lock.json as it is committed, after a change of dependencies (lock-file.ts
// explains what is left out). It runs npm on the project's Node and rejects packages that this Node cannot
// run.

const { npm_execpath: npm } = process.env;
if (npm === undefined) throw new Error('use `npm run lock`');
const npmInstall = [npm, 'install', '--package-lock-only', '--engine-strict', '--ignore-scripts'];
const { status } = spawnSync(process.execPath, npmInstall, { cwd: root, stdio: 'inherit' });
if (status !== 0) process.exit(1);

const path = join(root, 'package-lock.json');
const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
const lock = JSON.parse(readFileSync(path, 'utf8')) as LockFile;
writeFileSync(path, `${JSON.stringify(tidyLock(lock, allowScripts), null, 2)}\n`);
