import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@arcadium/mesh/testing';
import { expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { makeEnvironment } from '../setup/make-environment.ts';
import { root, serviceNames } from '../workspace.ts';
import { secretsFolder, writeSecrets } from './secrets.ts';

/** A checkout with the settings of all services, and nothing else. */
async function makeCheckout(): Promise<string> {
  const checkout = mkdtempSync(join(tmpdir(), 'arcadium-secrets-'));
  onTestFinished(() => rmSync(checkout, { recursive: true }));
  for (const service of serviceNames()) {
    const source = join(checkout, 'services', service, 'src');
    mkdirSync(source, { recursive: true });
    writeFileSync(join(source, '../package.json'), '{}');
    const config = new URL(`../../../services/${service}/src/config.ts`, import.meta.url).href;
    writeFileSync(join(source, 'config.ts'), `export { settings } from '${config}';`);
  }
  await makeEnvironment(checkout, silentLogger, {});
  return checkout;
}

test('every file that the overlay makes a Secret of is written', async () => {
  const checkout = await makeCheckout();
  writeSecrets(checkout);
  const overlay = readFileSync(join(root, secretsFolder, '../kustomization.yaml'), 'utf8');
  const { secretGenerator } = parse(overlay) as { secretGenerator: readonly { files: string[] }[] };
  const files = secretGenerator.flatMap(({ files: some }) => some.map((file) => file.replace(/^.*=/, '')));
  expect(files.length).toBeGreaterThan(20);
  for (const file of files) expect(existsSync(join(checkout, secretsFolder, '..', file)), file).toBe(true);
  expect(statSync(join(checkout, secretsFolder)).mode & 0o777).toBe(0o700);
});

test('connections to the PostgreSQL of the overlay are not encrypted', async () => {
  const checkout = await makeCheckout();
  const settings = join(checkout, 'services/wiki/.env');
  const text = readFileSync(settings, 'utf8');
  writeFileSync(
    settings,
    text.replace(/^(DATABASE_URL=.*\/arcadium)/m, '$1?sslmode=verify-full&sslrootcert=ca.pem'),
  );
  writeSecrets(checkout);
  const written = (folder: string): string =>
    readFileSync(join(checkout, folder, 'wiki/DATABASE_URL'), 'utf8');
  expect(written('docker/secrets')).toMatch(/sslmode=verify-full/);
  expect(written(secretsFolder)).toMatch(/@postgres:5432\/arcadium$/);
});
