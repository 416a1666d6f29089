import { join } from 'node:path';
import { portOf } from '@arcadium/mesh/config';
import type { AnyContract } from '@arcadium/mesh/contract';
import { defaultUrl, readServiceSettings } from '../setup/service-settings.ts';
import { importContracts } from './check/read-contracts.ts';
import { serviceNames, urlSetting } from '../workspace.ts';

/** A service as its contract and the settings of its `config.ts` describe it. */
export interface MeshService {
  readonly name: string;
  readonly contract: AnyContract;
  /** The port of its documented URL. */
  readonly port: number;
  /** Other services whose URL it reads. */
  readonly calls: readonly string[];
  /** Whether it connects to PostgreSQL. */
  readonly database: boolean;
  /** Whether it sends traces and logs. */
  readonly sendsTelemetry: boolean;
  /** The port where it takes traces and logs, if it does. */
  readonly telemetryPort: number | undefined;
}

/**
 * Reads all services of a checkout.
 *
 * @throws Error with the service that has no contract or no URL.
 */
export async function readMesh(root: string): Promise<readonly MeshService[]> {
  const names = serviceNames(root);
  const contracts = await importContracts(join(root, 'contracts'));
  return Promise.all(
    names.map(async (name) => {
      const found = contracts.get(name);
      if (!found)
        throw new Error(`No module that contracts/package.json exports has the contract of ${name}`);
      return Object.assign(await readService(root, name, names), { contract: found.contract });
    }),
  );
}

async function readService(
  root: string,
  name: string,
  names: readonly string[],
): Promise<Omit<MeshService, 'contract'>> {
  const settings = await readServiceSettings(root, name);
  const url = await defaultUrl(root, name);
  if (url === undefined)
    throw new Error(`services/${name}/src/config.ts has no setting ${urlSetting(name)} with a default`);
  const telemetryPort = settings['OTLP_PORT']?.safeParse(undefined).data;
  return {
    name,
    port: portOf(url.split(',')[0] ?? ''),
    calls: names.filter((other) => other !== name && urlSetting(other) in settings),
    database: 'DATABASE_URL' in settings,
    sendsTelemetry: 'OTEL_EXPORTER_OTLP_ENDPOINT' in settings,
    telemetryPort: typeof telemetryPort === 'number' ? telemetryPort : undefined,
  };
}
