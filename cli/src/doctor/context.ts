import { readFileSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, envFileName, readConfig, type Environment } from '@arcadium/mesh/config';
import { createLogger } from '@arcadium/mesh/telemetry';
import { openTls, type Tls } from '@arcadium/mesh/tls';
import { z } from 'zod';
import { readServiceSettings } from '../setup/service-settings.ts';
import { serviceNames, settingsIn, type Checkout } from '../workspace.ts';
import { Needs } from './needs.ts';

/** What a diagnosis is about, and how long it may take. */
export interface ContextOptions extends Checkout {
  /** Longest wait for an answer of a service or a database, in milliseconds. @default 2000 */
  patienceMs?: number | undefined;
  /** The time, in milliseconds since 1970. @default Date.now */
  now?: (() => number) | undefined;
}

const file = z.string().min(1).optional();

/** What the checks of one diagnosis share: each thing is read once. */
export class Context {
  readonly checkout: Checkout;
  readonly patienceMs: number;
  readonly now: () => number;
  /** Every service of the checkout. */
  readonly services: readonly string[];
  /** The name of settings files: `.env`, or that of ENVIRONMENT. */
  readonly envFile: string;
  readonly log = createLogger({ service: 'mesh', level: 'silent' });
  readonly #facts = new Map<string, unknown>();
  readonly #closing: (() => unknown)[] = [];

  constructor({ root, environment, patienceMs = 2000, now = Date.now }: ContextOptions) {
    this.checkout = { root, environment };
    this.patienceMs = patienceMs;
    this.now = now;
    this.services = serviceNames(root);
    this.envFile = envFileName(environment);
  }

  /** Reads a fact when it is first asked for. */
  once<Fact>(name: string, read: () => Fact): Fact {
    if (!this.#facts.has(name)) this.#facts.set(name, read());
    return this.#facts.get(name) as Fact;
  }

  /** Runs when the diagnosis is over. */
  atEnd(close: () => unknown): void {
    this.#closing.push(close);
  }

  async close(): Promise<void> {
    await Promise.all(this.#closing.map((close) => close()));
  }

  path(...parts: string[]): string {
    return join(this.checkout.root, ...parts);
  }

  /** The settings that a service would start with. */
  settings(service: string): Environment {
    return this.once(`settings ${service}`, () => settingsIn(this.checkout, join('services', service)));
  }

  /** The fields that a service declares. @throws Needs */
  fields(service: string) {
    return this.once(`fields ${service}`, () =>
      readServiceSettings(this.checkout.root, service).catch(() => {
        throw new Needs('environment.config-file');
      }),
    );
  }

  /** Some of a service's settings. @throws Needs */
  read<Fields extends z.ZodRawShape>(service: string, fields: Fields): z.output<z.ZodObject<Fields>> {
    return valid(() => readConfig(fields, this.settings(service)));
  }

  /** Services that declare a setting. A service whose `config.ts` cannot be read declares none. */
  async servicesWith(setting: string): Promise<readonly string[]> {
    const declared = await Promise.all(
      this.services.map((service) => this.fields(service).catch(() => ({}))),
    );
    return this.services.filter((_, index) => setting in (declared[index] ?? {}));
  }

  /** Settings files of the checkout that exist, from its root. */
  get envFiles(): readonly string[] {
    const folders = ['', 'prisma/', ...this.services.map((name) => `services/${name}/`)];
    return folders.map((folder) => `${folder}${this.envFile}`).filter((path) => this.stat(this.path(path)));
  }

  /** @returns `undefined` for a path that does not exist. */
  stat(path: string): Stats | undefined {
    return statSync(path, { throwIfNoEntry: false });
  }

  text(path: string): string {
    return readFileSync(this.path(path), 'utf8');
  }

  json(path: string): unknown {
    return JSON.parse(this.text(path));
  }

  /** What this command trusts and presents, from the shared settings. @throws Needs */
  tls(): Tls | undefined {
    return this.once('tls', () =>
      valid(() => {
        const config = readConfig(
          { TLS_CERT_FILE: file, TLS_KEY_FILE: file, TLS_CA_FILE: file },
          settingsIn(this.checkout),
        );
        const { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile, TLS_CA_FILE: caFile } = config;
        const tls = openTls({ certFile, keyFile, caFile, log: this.log });
        this.atEnd(() => tls?.[Symbol.dispose]());
        return tls;
      }, 'tls.files'),
    );
  }
}

/** What a function returns, if the configuration that it reads is valid. @throws Needs */
export function valid<Value>(
  read: () => Value,
  check: Needs['check'] = 'environment.invalid-setting',
): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) throw new Needs(check);
    throw error;
  }
}
