import { isIP } from 'node:net';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ConfigError, readConfig } from '@arcadium/mesh/config';
import { addressProblem } from '../dev/preflight.ts';
import { findMisspelt } from '../setup/misspelt.ts';
import { readServiceSettings } from '../setup/service-settings.ts';
import type { Check } from './check.ts';
import { Needs } from './needs.ts';
import type { Context } from './context.ts';

const services = (context: Context) => context.services;
const files = (context: Context) => context.envFiles;

/** Whether only this machine reaches an address to listen on. */
function isLocal(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** Settings with which a service lets everyone in who reaches it. */
const opening: Readonly<Record<string, string>> = {
  CONTRACT_ACCESS: 'open',
  EXPLORER: 'open',
};

export const environment: readonly Check[] = [
  {
    id: 'environment.not-set-up',
    severity: 'error',
    title: 'Set-up has written the settings of each service',
    remedy: 'Run `npm run setup`, which adds what is missing and changes nothing else.',
    subjects: services,
    look: async (context, service) => {
      const file = join('services', service, context.envFile);
      if (context.envFiles.includes(file) || (await configProblems(context, service)).length === 0)
        return undefined;
      return `${file} does not exist, and the environment does not have its settings`;
    },
  },
  {
    id: 'environment.invalid-setting',
    severity: 'error',
    title: 'The settings of each service are valid',
    remedy: 'Correct the setting; `.env.example` explains each.',
    subjects: services,
    look: async (context, service) => {
      const problems = await configProblems(context, service);
      const file = join('services', service, context.envFile);
      if (problems.length > 0 && !context.envFiles.includes(file)) throw new Needs('environment.not-set-up');
      return problems;
    },
  },
  {
    id: 'environment.config-file',
    severity: 'error',
    title: 'The config.ts of each service can be read',
    remedy: 'Correct the file: it must export `settings`, and import only what is installed.',
    subjects: services,
    look: (context, service) =>
      readServiceSettings(context.checkout.root, service).then(
        () => undefined,
        (error: Error) => error.message,
      ),
  },
  {
    id: 'environment.misspelt-setting',
    severity: 'warning',
    title: 'No setting is misspelt',
    remedy: 'Correct the name, or remove the line: nothing reads it.',
    look: ({ checkout }) => findMisspelt(checkout.root, checkout.environment),
  },
  {
    id: 'environment.address',
    severity: 'error',
    title: 'Each service listens where the others look for it',
    remedy: 'Make PORT of the service and its …_SERVICE_URL the same.',
    subjects: services,
    look: (context, service) => {
      const problem = addressProblem(context.checkout, service);
      // Before set-up, no address is there.
      if (problem !== undefined && context.envFiles.length === 0) throw new Needs('environment.not-set-up');
      return problem;
    },
  },
  {
    id: 'environment.repeated-setting',
    severity: 'warning',
    title: 'No file has a setting twice',
    remedy: 'Remove all lines but one; the last one counts.',
    subjects: files,
    look: (context, file) => {
      const names = context
        .text(file)
        .split('\n')
        .flatMap((line) => /^\s*(?:export\s+)?(\w+)\s*=/.exec(line)?.[1] ?? []);
      return [...new Set(names)]
        .filter((name) => names.indexOf(name) !== names.lastIndexOf(name))
        .map((name) => `${name} is set more than once`);
    },
  },
  {
    id: 'environment.overridden-setting',
    severity: 'hint',
    title: 'The environment overrides no setting of a file',
    remedy: 'Unset the variable in this shell if the file is right.',
    subjects: files,
    look: (context, file) => {
      const { environment: own } = context.checkout;
      return Object.entries(parseEnv(context.text(file))).flatMap(([name, value]) =>
        value !== '' && own[name] && own[name] !== value
          ? [`the environment sets ${name} to something else`]
          : [],
      );
    },
  },
  {
    id: 'environment.access-audit',
    severity: 'warning',
    title: 'Access rules are enforced',
    remedy: 'Remove ACCESS_MODE, or set it to enforce, once the new rules are tried out.',
    subjects: services,
    look: (context, service) =>
      context.settings(service)['ACCESS_MODE'] === 'audit'
        ? 'ACCESS_MODE=audit lets most callers through that an access rule rejects'
        : undefined,
  },
  {
    id: 'environment.open-beyond-machine',
    severity: 'warning',
    title: 'What is open to anyone is reached from this machine only',
    remedy: 'Set it to admin, or HOST to 127.0.0.1.',
    subjects: services,
    look: (context, service) => {
      const settings = context.settings(service);
      const { HOST = '127.0.0.1' } = settings;
      if (isLocal(HOST)) return undefined;
      return Object.entries(opening)
        .filter(([name, value]) => settings[name] === value)
        .map(([name, value]) => `${name}=${value} on HOST=${HOST} admits everyone who reaches the port`);
    },
  },
  {
    id: 'environment.open-receiver',
    severity: 'warning',
    title: 'Traces and logs are taken only from this machine, or with a token',
    remedy: 'Set OTLP_TOKEN, and send it in OTEL_EXPORTER_OTLP_HEADERS.',
    subjects: (context) => context.servicesWith('OTLP_HOST'),
    look: (context, service) => {
      const { OTLP_HOST = '127.0.0.1', OTLP_TOKEN, OTLP_TOKEN_FILE } = context.settings(service);
      return isLocal(OTLP_HOST) || OTLP_TOKEN || OTLP_TOKEN_FILE
        ? undefined
        : `OTLP_HOST=${OTLP_HOST} takes traces and logs from everyone who reaches the port`;
    },
  },
  {
    id: 'environment.no-rate-limits',
    severity: 'warning',
    title: 'Rate limits are on',
    remedy: 'Remove RATE_LIMIT_CALLS=0 where others than your tests reach the service.',
    subjects: services,
    look: (context, service) =>
      context.settings(service)['RATE_LIMIT_CALLS'] === '0'
        ? 'RATE_LIMIT_CALLS=0 turns off all rate limits, also those of log-ins'
        : undefined,
  },
];

/** What is wrong with the settings of a service, a line each. @throws Needs */
async function configProblems(context: Context, service: string): Promise<readonly string[]> {
  const fields = await context.fields(service);
  try {
    readConfig(fields, context.settings(service));
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}
