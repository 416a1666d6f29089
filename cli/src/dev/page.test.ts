import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { root } from '../workspace.ts';
import { Page } from './page.ts';

let checkout: string;
let folder: string;
let page: Page;
let lines: string[];

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'arcadium-page-'));
  folder = join(checkout, 'services/dashboard/page');
  lines = [];
  page = new Page(checkout, (line) => lines.push(line));
});
afterEach(async () => {
  await page.stop();
  rmSync(checkout, { recursive: true });
});

const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);
const built = (): string =>
  existsSync(join(folder, 'dist/index.html')) ? readFileSync(join(folder, 'dist/index.html'), 'utf8') : '';

test('a page is built when it is missing, and again after a change; a build that fails says why', async () => {
  mkdirSync(folder, { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
  write('vite.config.ts', 'export default {};');
  write('index.html', '<p>one</p>');
  page.start();
  await vi.waitFor(() => expect(built()).toContain('one'));
  write('index.html', '<script type="module" src="./missing.ts"></script>');
  await vi.waitFor(() => expect(lines.join('\n')).toContain('could not be built'));
  expect(lines.join('\n')).toContain('missing.ts');
  write('index.html', '<p>two</p>');
  await vi.waitFor(() => expect(built()).toContain('two'));
  await page.stop();
  const { length } = lines;

  const again = new Page(checkout, (line) => lines.push(line));
  rmSync(join(folder, 'vite.config.ts'));
  again.start();
  await again.stop();
  expect(lines).toHaveLength(length);
});
