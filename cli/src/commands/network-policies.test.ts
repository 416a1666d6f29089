import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { withNotificationContract } from '../contract/testing/changed-contract.ts';
import { root } from '../workspace.ts';
import { Command } from 'commander';
import { networkPoliciesCommand } from './network-policies.ts';

async function check(checkout: string): Promise<void> {
  await networkPoliciesCommand(new Command(), checkout).parseAsync(['--check'], { from: 'user' });
}

test('--check passes here, and fails where a rule has changed', async () => {
  await check(root);

  const changed = withNotificationContract(
    ['access: user', 'access: senders'],
    ['access: admin', 'access: senders'],
  );
  cpSync(join(root, 'docker/kubernetes'), join(changed, 'docker/kubernetes'), { recursive: true });
  await expect(check(changed)).rejects.toThrow(
    'docker/kubernetes/base/network-policies.yaml is not what the access rules say. Write it again: npm run',
  );
});
