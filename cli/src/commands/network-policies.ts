import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { networkPolicies, refusedCallers } from '../contract/network-policies.ts';
import { readMesh } from '../contract/read-mesh.ts';
import { root as checkout, urlSetting } from '../workspace.ts';
import { examples } from './examples.ts';

const file = 'docker/kubernetes/base/network-policies.yaml';

/** `contract network-policies [--check]`. @param root The checkout. */
export function networkPoliciesCommand(self: Command, root = checkout): Command {
  return examples(self, 'contract network-policies --check')
    .option('--check', `only compare them with ${file}`)
    .action(async ({ check = false }: { check?: boolean }) => {
      const mesh = await readMesh(root);
      for (const [from, to] of refusedCallers(mesh))
        process.stderr.write(
          `${from} has the setting ${urlSetting(to)}, but no access rule of ${to} admits it: the policies deny the connection\n`,
        );
      const policies = networkPolicies(mesh);
      if (!check) process.stdout.write(policies);
      else if (readFileSync(join(root, file), 'utf8') !== policies)
        throw new Error(
          `${file} is not what the access rules say. Write it again: npm run --silent mesh -- contract network-policies > ${file}`,
        );
    });
}
