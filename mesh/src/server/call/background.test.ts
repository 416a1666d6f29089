import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

test('drain keeps the process alive until its timeout', async () => {
  const script = `
    import { Background } from ${JSON.stringify(import.meta.resolve('./background.ts'))};
    const background = new Background(console);
    const scope = { requestId: 'r', trace: undefined };
    background.run(() => new Promise(() => {}), { scope, procedure: 'p' });
    await background.drain(20);
    console.log('drained');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  expect([said, exitCode]).toEqual(['drained\n', 0]);
});
