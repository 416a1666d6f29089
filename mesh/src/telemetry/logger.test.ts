import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** The output of a process that logs and exits at once. */
function printed(program: string, environment: Record<string, string> = {}): string {
  const source = `
    import { createLogger } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
    ${program}
    process.exit();`;
  const args = ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning', '-e', source];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env: environment });
  expect(stderr).toBe('');
  return stdout;
}

const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const failing = `
  const cause = Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' });
  const err = new TypeError('\\nInvalid \`query\`:\\n\\n  it failed', { cause });`;

test('one JSON object a line where standard output is not a terminal', () => {
  const [line, ...others] = lines(printed(`createLogger({ service: 'wiki' }).info({ n: 1 }, 'said');`));
  expect(others).toEqual([]);
  expect(line).toEqual({
    level: 'info',
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
    service: 'wiki',
    n: 1,
    msg: 'said',
  });
});

test('an error of a warning is its type, code and message, also of a child; one of an error line has its stack', () => {
  const program = `${failing}
    const log = createLogger({ service: 'wiki', level: 'debug' });
    for (const level of ['debug', 'info', 'warn', 'error']) log.child({ part: 'a' })[level]({ err, n: 1 }, level);`;
  const summary = {
    type: 'TypeError',
    code: 'ECONNREFUSED',
    message: 'Invalid `query`: it failed: connect ECONNREFUSED 127.0.0.1:5432',
  };
  const [debug, info, warn, error] = lines(printed(program));
  for (const line of [debug, info, warn]) expect(line).toMatchObject({ part: 'a', n: 1, err: summary });
  for (const line of [debug, info, warn]) expect(line?.['err']).not.toHaveProperty('stack');
  expect(error).toMatchObject({ part: 'a', err: { stack: expect.stringContaining('TypeError: ') } });
});

test('an error with the message of its cause in its own says it once', () => {
  const program = `
    const err = new Error('it failed: no route', { cause: new Error('no route') });
    createLogger({ service: 'wiki' }).warn({ err }, 'said');`;
  expect(lines(printed(program))[0]?.['err']).toEqual({ type: 'Error', message: 'it failed: no route' });
});

test('pretty lines are all out when the process exits, without colours unless they are forced', () => {
  const program = `
    const log = createLogger({ service: 'wiki', format: 'pretty' });
    for (let n = 0; n < 1000; n += 1) log.info({ n }, 'said');`;
  const plain = printed(program).trimEnd().split('\n');
  expect(plain).toHaveLength(1000);
  expect(plain.at(-1)).toMatch(/^\d\d:\d\d:\d\d\.\d{3} wiki {9}INFO: said n=999$/);
  expect(printed(program, { FORCE_COLOR: '1' })).toContain('\u001B[');
  expect(printed(program, { FORCE_COLOR: '0' })).not.toContain('\u001B[');
});

test('what holds credentials is masked in both formats', () => {
  const program = (format: string) =>
    `createLogger({ service: 'wiki', format: '${format}' }).info({ token: 's3cret', headers: { authorization: 's3cret' } }, 'said');`;
  for (const format of ['json', 'pretty']) {
    expect(printed(program(format))).toContain('[hidden]');
    expect(printed(program(format))).not.toContain('s3cret');
  }
});
