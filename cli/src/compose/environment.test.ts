import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@arcadium/mesh/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeEnvironment } from '../setup/make-environment.ts';
import { writeComposeEnvironment } from './environment.ts';

let root: string;
/** The server must have a certificate for its name, of the containers' authority. */
const verified = '?sslmode=verify-full&sslrootcert=%2Frun%2Ftls%2Fca.crt';

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'arcadium-compose-'));
  for (const service of ['auth', 'wiki']) {
    mkdirSync(join(root, 'services', service, 'src'), { recursive: true });
    writeFileSync(join(root, 'services', service, 'package.json'), '{}');
    const config = new URL(`../../../services/${service}/src/config.ts`, import.meta.url).href;
    writeFileSync(join(root, 'services', service, 'src/config.ts'), `export { settings } from '${config}';`);
  }
  await makeEnvironment(root, silentLogger, {});
});
afterEach(() => rmSync(root, { recursive: true }));

const text = (file: string) => readFileSync(join(root, file), 'utf8');
const secret = (name: string) => text(`docker/secrets/${name}`);

test('writes what set-up made, with the database where containers see it, once', () => {
  const written = writeComposeEnvironment(root);
  expect(written).toContain('docker/secrets/auth/SIGNING_KEYS');
  expect(writeComposeEnvironment(root)).toEqual([]);

  const [, password = ''] = /wiki:([^@]+)@/.exec(text('services/wiki/.env')) ?? [];
  expect(password).not.toBe('');
  expect(secret('wiki/DATABASE_URL')).toBe(`postgres://wiki:${password}@postgres:5432/arcadium${verified}`);
  expect(secret('wiki/DATABASE_OWNER_URL')).toMatch(
    /^postgres:\/\/wiki_owner:[^@]+@postgres:5432\/arcadium\?sslmode=verify-full&/,
  );
  expect(new URL(secret('postgres/DATABASE_ADMIN_URL')).password).toBe(secret('postgres/POSTGRES_PASSWORD'));
  expect(text('.env')).toContain(secret('PUBLIC_KEYS'));
  expect(text('docker/.env')).toContain('AUTH_PORT=8000\nWIKI_PORT=5000\n');
});

test('others of this machine are kept out by the folder, containers are let in by the files', () => {
  writeComposeEnvironment(root);
  expect(statSync(join(root, 'docker/secrets')).mode & 0o777).toBe(0o700);
  expect(statSync(join(root, 'docker/secrets/wiki/SERVICE_TOKEN')).mode & 0o777).toBe(0o444);
});

test('the files can be read by the containers whatever the umask', () => {
  const before = process.umask(0o077);
  try {
    writeComposeEnvironment(root);
  } finally {
    process.umask(before);
  }
  expect(statSync(join(root, 'docker/secrets/wiki/SERVICE_TOKEN')).mode & 0o777).toBe(0o444);
});

const inWiki = (name: string, value: string) => {
  const rest = text('services/wiki/.env').replace(new RegExp(`^${name}=.*$`, 'm'), '');
  writeFileSync(join(root, 'services/wiki/.env'), `${rest}\n${value}\n`);
};

test.each([
  ['DATABASE_URL', "DATABASE_URL='postgres://wiki:hunter2@db.example.com/prod'", 'names another server'],
  ['DATABASE_URL', "DATABASE_URL='postgres://wiki:hunter2#et@127.0.0.1:54320/arcadium'", 'is not a URL'],
  ['DATABASE_URL', "DATABASE_URL='postgres://wiki:hunter2%zz@127.0.0.1:54320/arcadium'", 'is not a URL'],
  [
    'DATABASE_DIRECT_URL',
    "DATABASE_DIRECT_URL='postgres://wiki:hunter2@db/arcadium'",
    'names another server',
  ],
  ['SERVICE_TOKEN', 'SERVICE_TOKEN_FILE=/nowhere', 'names a file that cannot be read'],
])('what of %s cannot be used is said without its value (%s)', (name, line, problem) => {
  inWiki(name, line);
  const write = () => writeComposeEnvironment(root);
  expect(write).toThrow(`services/wiki/.env: ${name}`);
  expect(write).toThrow(problem);
  expect(write).not.toThrow('hunter2');
});

test('this machine has several names', () => {
  inWiki('DATABASE_URL', "DATABASE_URL='postgres://wiki:secret@localhost:54320/arcadium'");
  writeComposeEnvironment(root);
  expect(secret('wiki/DATABASE_URL')).toBe(`postgres://wiki:secret@postgres:5432/arcadium${verified}`);
});

test('follows what has changed: a port, a token in a file of its own', () => {
  writeComposeEnvironment(root);
  writeFileSync(join(root, 'token'), 'renewed\n');
  const service = text('services/wiki/.env').replace(
    /^SERVICE_TOKEN=.*$/m,
    `SERVICE_TOKEN_FILE=${root}/token`,
  );
  writeFileSync(join(root, 'services/wiki/.env'), service);
  writeFileSync(join(root, '.env'), text('.env').replace('localhost:5000', 'localhost:5050'));
  expect(writeComposeEnvironment(root)).toEqual(['docker/.env', 'docker/secrets/wiki/SERVICE_TOKEN']);
  expect(secret('wiki/SERVICE_TOKEN')).toBe('renewed');
  expect(text('docker/.env')).toContain('WIKI_PORT=5050');
});

test('of several endpoints the first says which port is published; one that is no good is named', () => {
  const setWiki = (urls: string) =>
    writeFileSync(
      join(root, '.env'),
      text('.env').replace(/^WIKI_SERVICE_URL=.*$/m, `WIKI_SERVICE_URL='${urls}'`),
    );
  setWiki('http://localhost:5050, http://localhost:5051');
  writeComposeEnvironment(root);
  expect(text('docker/.env')).toContain('WIKI_PORT=5050');
  setWiki('http://localhost:5050,');
  expect(() => writeComposeEnvironment(root)).toThrow('.env: WIKI_SERVICE_URL endpoint 2 of 2 is empty');
});
