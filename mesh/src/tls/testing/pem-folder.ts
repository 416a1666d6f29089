import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { IssuedCertificate } from '../../testing/index.ts';

/** A folder with the PEM files of one process. */
export class PemFolder implements Disposable {
  readonly path: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly caFile: string;

  constructor(ca: string, issued: IssuedCertificate) {
    this.path = mkdtempSync(join(tmpdir(), 'tls-'));
    this.certFile = join(this.path, 'tls.crt');
    this.keyFile = join(this.path, 'tls.key');
    this.caFile = join(this.path, 'ca.crt');
    writeFileSync(this.caFile, ca);
    this.put(issued);
  }

  get files(): { certFile: string; keyFile: string; caFile: string } {
    const { certFile, keyFile, caFile } = this;
    return { certFile, keyFile, caFile };
  }

  /** Replaces certificate and key, each file in one step. */
  put({ cert, key }: IssuedCertificate): void {
    this.replace(this.keyFile, key);
    this.replace(this.certFile, cert);
  }

  replace(file: string, contents: string): void {
    writeFileSync(`${file}.new`, contents);
    renameSync(`${file}.new`, file);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
