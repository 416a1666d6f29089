import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createSecureContext, type SecureContext } from 'node:tls';
import { ConfigError } from '../config/index.ts';

/** Paths of the PEM files of a process. */
export interface TlsFiles {
  /** The certificate of this process, followed by intermediate ones. @default none */
  cert: string | undefined;
  /** Its private key. @default none */
  key: string | undefined;
  /** The authorities that sign the certificates of the other processes. @default those of Node */
  ca: string | undefined;
}

/** The contents of the files, read at one moment. */
export interface TlsMaterial {
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly ca: string | undefined;
  /** The certificate of this process. */
  readonly own: X509Certificate | undefined;
  /** All certificates of the files, to watch when they expire. */
  readonly certificates: readonly Readonly<{ file: keyof TlsFiles; path: string; x509: X509Certificate }>[];
  /** For connections to services of the mesh: TLS 1.3, and only authorities of the CA file. */
  readonly context: SecureContext;
}

const settings = { cert: 'TLS_CERT_FILE', key: 'TLS_KEY_FILE', ca: 'TLS_CA_FILE' } as const;

/** Reads the files, without a check. @throws ConfigError for a file that cannot be read. */
export function readTlsFiles(files: TlsFiles): Record<keyof TlsFiles, string | undefined> {
  const problems: string[] = [];
  const read = (name: keyof TlsFiles): string | undefined => {
    const path = files[name];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const { code = String(error) } = error as NodeJS.ErrnoException;
      problems.push(`${settings[name]}: cannot read ${path} (${code})`);
      return undefined;
    }
  };
  const found = { cert: read('cert'), key: read('key'), ca: read('ca') };
  if (problems.length > 0) throw new ConfigError(problems);
  return found;
}

/**
 * Makes the material of the files' contents.
 *
 * @throws ConfigError for a file that is not PEM, and for a key that is not the certificate's.
 */
export function materialOf(
  files: TlsFiles,
  { cert, key, ca }: Record<keyof TlsFiles, string | undefined>,
): TlsMaterial {
  const certificates = (['cert', 'ca'] as const).flatMap((file) => {
    const [path, text] = [files[file], { cert, ca }[file]];
    return path === undefined || text === undefined
      ? []
      : certificatesIn(text, { file, path }).map((x509) => ({ file, path, x509 }));
  });
  try {
    const context = createSecureContext({ cert, key, ca, minVersion: 'TLSv1.3' });
    const own = certificates.find(({ file }) => file === 'cert')?.x509;
    return { cert, key, ca, own, certificates, context };
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error:\w+:/, '') : String(error);
    throw new ConfigError([`TLS_KEY_FILE: ${files.key} does not fit ${files.cert} (${reason})`]);
  }
}

const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

function certificatesIn(
  text: string,
  { file, path }: { file: 'cert' | 'ca'; path: string },
): X509Certificate[] {
  const blocks = text.match(pem) ?? [];
  if (blocks.length === 0) throw new ConfigError([`${settings[file]}: ${path} holds no certificate in PEM`]);
  return blocks.map((block, index) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw new ConfigError([
        `${settings[file]}: certificate ${index + 1} of ${blocks.length} in ${path} cannot be read`,
      ]);
    }
  });
}
