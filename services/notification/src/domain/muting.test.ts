import { topics } from '@arcadium/contracts/notification';
import { expect, test } from 'vitest';
import { isMutable } from './muting.ts';

test('every topic but security can be muted', () => {
  expect(topics.filter((topic) => !isMutable(topic))).toEqual(['security']);
});
