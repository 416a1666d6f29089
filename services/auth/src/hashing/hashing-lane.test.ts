import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { HashingLane } from './hashing-lane.ts';

const parameters = {
  message: Buffer.from('correct horse battery staple'),
  nonce: randomBytes(16),
  tagLength: 32,
  memory: 19_456,
  passes: 2,
  parallelism: 1,
};

const lanes: HashingLane[] = [];
const open = (): HashingLane => {
  const lane = new HashingLane();
  lanes.push(lane);
  return lane;
};
afterEach(() => Promise.all(lanes.splice(0).map((lane) => lane.close())));

/** The scheduling policies of this process's hashing threads, as Linux numbers them: 5 is SCHED_IDLE. */
function policies(): number[] {
  return readdirSync('/proc/self/task').flatMap((thread) => {
    const [, name = '', rest = ''] =
      /\((.*)\) (.*)/.exec(readFileSync(`/proc/self/task/${thread}/stat`, 'utf8')) ?? [];
    // The 41st field; two were removed with the name.
    return name.startsWith('password-hash') ? [Number(rest.split(' ')[38])] : [];
  });
}

test.runIf(process.platform === 'linux')(
  'where there is time enough, it takes none from others',
  async () => {
    const lane = open();
    // The first one starts the idle thread, and the other thread may take over meanwhile.
    await lane.tagOf(parameters);
    await expect.poll(policies).toContain(5);
    expect(await lane.tagOf(parameters)).toHaveLength(32);
  },
);

test('where others want all the time there is, hashes are made all the same', async () => {
  const lane = open();
  const expected = await lane.tagOf(parameters);
  const busy = Array.from({ length: 2 * availableParallelism() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    // The idle thread gives up the first one and is busy for the others.
    for (let n = 0; n < 3; n += 1) expect(await lane.tagOf(parameters)).toEqual(expected);
  } finally {
    for (const one of busy) one.kill('SIGKILL');
  }
});

test('threads that were ended are followed by new ones', async () => {
  const lane = open();
  const expected = await lane.tagOf(parameters);
  await lane.close();
  expect(await lane.tagOf(parameters)).toEqual(expected);
});
