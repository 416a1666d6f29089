import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Logger } from '../../telemetry/index.ts';
import { StateFile } from '../state-file.ts';
import { readProviderKeys, type ProviderKey } from './public-keys.ts';

const content = z.object({ issuer: z.string(), jwks: z.unknown() });

/** The local copy of the keys that a provider has published last. */
export class KeyCopy {
  readonly #file: StateFile;
  readonly #issuer: string;
  #kept = '';

  constructor(directory: string, issuer: string, log: Logger) {
    // Services of several issuers may share the directory.
    const digest = createHash('sha256').update(issuer).digest('hex').slice(0, 16);
    this.#file = new StateFile(directory, `jwks-${digest}.json`, log);
    this.#issuer = issuer;
  }

  /** @returns `undefined` without a copy that can be used. */
  async load(): Promise<readonly ProviderKey[] | undefined> {
    const text = await this.#file.read();
    if (text === undefined) return undefined;
    try {
      const { issuer, jwks } = content.parse(JSON.parse(text));
      if (issuer !== this.#issuer) throw new TypeError('it is of another issuer');
      this.#kept = text;
      return await readProviderKeys(jwks);
    } catch {
      this.#file.broken('it is not a set of public keys of this issuer');
      return undefined;
    }
  }

  async keep(jwks: unknown): Promise<void> {
    const text = `${JSON.stringify({ issuer: this.#issuer, jwks })}\n`;
    if (text !== this.#kept && (await this.#file.write([text]))) this.#kept = text;
  }
}
