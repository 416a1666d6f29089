// Runs after `npm install`. Plain JavaScript, because an older Node may run it.
import { rmSync } from 'node:fs';

/** The Node version that runs npm, from npm's user agent: "npm/11.19.1 node/v20.20.2 linux x64". */
const machine = / node\/(v\S+)/.exec(process.env.npm_config_user_agent ?? '')?.[1];
const major = (version) => Number(/^v(\d+)/.exec(version)?.[1]);

if (major(process.version) < 24) {
  console.error(
    `The install did not include Node 24 (this is ${process.version}): delete node_modules and run npm install again`,
  );
  process.exit(1);
}
if (machine !== undefined && major(machine) < 24) {
  console.log(
    `The install includes Node ${process.version}: npm run and npx node use it; the machine's ${machine} only runs npm`,
  );
}
// The source of the package `node`'s program, with 68 MB of headers. npm also removes it at the next install.
rmSync(new URL('../../node_modules/node/node_modules', import.meta.url), { recursive: true, force: true });
