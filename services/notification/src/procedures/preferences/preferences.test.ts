import { afterAll, beforeAll, expect, test } from 'vitest';
import { openService, user, type TestService } from '../../testing/service.ts';

let notification: TestService;
beforeAll(async () => {
  notification = await openService();
});
afterAll(() => notification.close());

test('nothing is muted at first, and then what was set last', async () => {
  const [reader, other] = [user(), user()];
  expect(await notification.call('preferences.get', reader)).toEqual({ muted: [] });
  const set = await notification.call('preferences.set', reader, { muted: ['page', 'comment', 'page'] });
  expect(set).toEqual({ muted: ['page', 'comment'] });
  expect(await notification.call('preferences.get', reader)).toEqual(set);
  await notification.call('preferences.set', reader, { muted: ['reply'] });
  expect(await notification.call('preferences.get', reader)).toEqual({ muted: ['reply'] });
  expect(await notification.call('preferences.get', other)).toEqual({ muted: [] });
});

test('setting at once by several fails for none', async () => {
  const reader = user();
  const choices = (['page', 'comment', 'reply'] as const).map((topic) => ({ muted: [topic] }));
  await Promise.all(choices.map((choice) => notification.call('preferences.set', reader, choice)));
  expect(choices).toContainEqual(await notification.call('preferences.get', reader));
});

test('security cannot be muted, not even past the contract', async () => {
  const reader = user();
  await expect(
    notification.pool.query('INSERT INTO preferences (user_id, muted) VALUES ($1, $2)', [
      reader.user.id,
      ['page', 'security'],
    ]),
  ).rejects.toMatchObject({ constraint: 'preferences_muted_check' });
});
