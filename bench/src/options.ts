import { parseArgs } from 'node:util';
import { stackNames, type StackName } from './stacks/index.ts';

export interface Options {
  /** About a minute instead of six. */
  readonly quick: boolean;
  /** Measures how the mesh's cost grows, instead of comparing stacks. */
  readonly scale: boolean;
  /** Measures the cost of verifying tokens, instead of calls. */
  readonly tokens: boolean;
  /** Measures the cost of tracing, instead of comparing stacks. */
  readonly tracing: boolean;
  /** Measures the cost of TLS between services, instead of comparing stacks. */
  readonly tls: boolean;
  /** Measures the procedures of the services beside their SQL alone, instead of comparing stacks. */
  readonly services: boolean;
  /** Measures the statements of the services with few rows and with many, instead of comparing stacks. */
  readonly tables: boolean;
  /** Writes CPU profiles of the mesh's rows, with one scenario. */
  readonly profile: boolean;
  /** The rows to run. @default all */
  readonly only: readonly StackName[] | undefined;
  /** Parts of the names of the rows to run, of the procedures of the services. @default all */
  readonly serviceRows: readonly string[] | undefined;
}

export const usage = `npm run bench [-- options]

  services         procedures of the services beside the same SQL alone, into results/services.*; with
                   --only a,b the rows whose names hold a or b, into results/quick-services.*
  tables           the statements of notification and wiki with ten thousand rows and with millions, into
                   results/tables.*; with --quick fewer, into results/quick-tables.*
  --quick          about a minute, into results/quick.*
  --only a,b       these rows only, into results/quick.*: ${stackNames.join(', ')}
  --profile        CPU profiles of the mesh's rows, into results/profiles/
  --scale          how the mesh's cost grows, into results/scale.*; with --quick, less of it
  --tokens         what it costs to verify a token, into results/tokens.*
  --tracing        what tracing costs, into results/tracing.*; with --quick, into results/quick-tracing.*
  --tls            what TLS between services costs, into results/tls.*; with --quick, into results/quick-tls.*`;

/** @throws TypeError for an option or a row that does not exist. */
export function readOptions(args: readonly string[]): Options {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      quick: { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      tokens: { type: 'boolean', default: false },
      tracing: { type: 'boolean', default: false },
      tls: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      only: { type: 'string' },
    },
  });
  const other = positionals.find((word) => word !== 'services' && word !== 'tables');
  if (other !== undefined)
    throw new TypeError(`Unknown comparison "${other}". There are "services" and "tables"`);
  const services = positionals.includes('services');
  const rows = values.only?.split(',').map((row) => row.trim());
  return {
    ...values,
    services,
    tables: positionals.includes('tables'),
    only: services ? undefined : rows?.map(toStackName),
    serviceRows: services ? rows : undefined,
  };
}

function toStackName(text: string): StackName {
  const name = stackNames.find((one) => one === text);
  if (name) return name;
  throw new TypeError(`There is no row called "${text}"; there are ${stackNames.join(', ')}`);
}
