import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../workspace.ts';
import { networkPolicies, refusedCallers } from './network-policies.ts';
import { readMesh } from './read-mesh.ts';
import { withNotificationContract } from './testing/changed-contract.ts';

const file = join(root, 'docker/kubernetes/base/network-policies.yaml');

/** How many lines of each policy are gone. */
function removed(before: string, after: string): readonly string[] {
  return before.split('---\n').flatMap((policy, index) => {
    const name = /name: (\S+)/.exec(policy)?.[1];
    const gone = policy.split('\n').length - (after.split('---\n')[index] ?? '').split('\n').length;
    return gone === 0 ? [] : [`${name}: ${gone} lines`];
  });
}

test('the file of the cluster is what the access rules say', async () => {
  const mesh = await readMesh(root);
  expect(networkPolicies(mesh)).toBe(readFileSync(file, 'utf8'));
  expect(refusedCallers(mesh)).toEqual([]);
});

test('a changed access rule changes the policies of both ends', async () => {
  const before = readFileSync(file, 'utf8');
  const noSender = ['services(...new Set(Object.values(topicSenders).flat()))', "services('auth')"] as const;
  const noReader = ["actingFor(services('wiki'), user)", "actingFor(services('auth'), user)"] as const;

  // The wiki may still mark notifications as read, so it still connects.
  const one = await readMesh(withNotificationContract(noSender));
  expect(networkPolicies(one)).toBe(before);

  const both = await readMesh(withNotificationContract(noSender, noReader));
  const after = networkPolicies(both);
  expect(refusedCallers(both)).toEqual([['wiki', 'notification']]);
  expect(removed(before, after)).toEqual(['notification: 3 lines', 'wiki: 7 lines']);
});

test('without a rule for people, the edge has no way in', async () => {
  const people = ['access: user', 'access: admin'].map((rule) => [rule, 'access: senders'] as const);
  const mesh = await readMesh(withNotificationContract(...people));
  const after = networkPolicies(mesh);
  expect(removed(readFileSync(file, 'utf8'), after)).toEqual(['notification: 3 lines']);
  expect(after.match(/arcadium-edge/g)).toHaveLength(3);
});
