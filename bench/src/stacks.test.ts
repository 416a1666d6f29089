import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { answers, messagesOf } from './message.ts';
import type { BenchClient, BenchServer } from './stack.ts';
import { stackNames, stacks } from './stacks/index.ts';

describe.each(stackNames)('%s', (name) => {
  let server: BenchServer;
  let client: BenchClient;

  beforeEach(async () => {
    const stack = await stacks[name].load();
    server = await stack.startServer();
    client = await stack.startClient(server.address);
  });

  afterEach(async () => {
    await client?.close();
    await server?.close();
  });

  test('answers a call, and refuses what does not fit the schema', async () => {
    const message = messagesOf(150)();
    expect(answers(await client.call(message), message)).toBe(true);
    await expect(client.call({ ...message, userId: 'nobody' })).rejects.toThrow();
    // The server refused it without failing.
    expect(answers(await client.call(message), message)).toBe(true);
  });
});
