import { join, relative } from 'node:path';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';
import { root, serviceNames } from '../workspace.ts';
import { printList } from './print.ts';
import { examples } from './examples.ts';

type Options = { out: string; host: string[]; trustDomain: string; days: number; json?: boolean };

/** `certs [names…]`. */
export function certs(self: Command): Command {
  return examples(self, 'certs', 'certs wiki --host wiki.example.com --days 30')
    .argument('[names...]', 'services, and others such as edge or postgres (default: every service)')
    .option('--out <folder>', 'where they are written', join(root, '.data', 'certs'))
    .option('--host <names...>', 'further DNS names and IP addresses that each is valid for', [])
    .option('--trust-domain <domain>', 'of the SPIFFE IDs', 'arcadium.local')
    .option('--days <count>', 'how long they are valid', wholeDays, 90)
    .option('--json', 'as JSON')
    .action(async (given: string[], { out, host, trustDomain, days, json }: Options) => {
      // What makes certificates is loaded only here.
      const { issueCertificates } = await import('../certs/issue-certificates.ts');
      const names = given.length > 0 ? given : serviceNames();
      const issued = issueCertificates({ folder: out, names, hosts: host, trustDomain, days });
      printList(
        issued.map(({ name, folder, expiresAt }) => ({
          name,
          folder: relative(process.cwd(), folder),
          expiresAt,
        })),
        ['name', 'folder', 'expiresAt'],
        { json },
      );
      console.error(
        'In each folder: TLS_CERT_FILE is tls.crt, TLS_KEY_FILE tls.key, TLS_CA_FILE ca.crt. Running services follow the files. For production, use the authority of your organisation',
      );
    });
}

function wholeDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 3650)
    throw new InvalidArgumentError('It must be a whole number from 1 to 3650.');
  return days;
}
