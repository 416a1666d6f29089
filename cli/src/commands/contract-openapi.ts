import { join } from 'node:path';
import { describeProcedures, entriesOf, openApi } from '@arcadium/mesh/contract';
import type { Command } from 'commander';
import { importContracts } from '../contract/check/read-contracts.ts';
import { root, settingsOf, urlSetting } from '../workspace.ts';
import { noSuch } from './choices.ts';
import { examples } from './examples.ts';

/** `contract openapi <service>`: what the service has at /openapi.json, without the service. */
export function contractOpenApi(self: Command): Command {
  return examples(self, 'contract openapi wiki > wiki.json')
    .argument('<service>', 'such as wiki')
    .option('--api-version <version>', 'the version in the document', '0.0.0')
    .action(async (name: string, { apiVersion: version }: { apiVersion: string }) => {
      const contracts = await importContracts(join(root, 'contracts'));
      const found = contracts.get(name);
      if (!found) throw noSuch('contract', name, { choices: [...contracts.keys()] });
      const [url] = settingsOf()[urlSetting(name)]?.split(',') ?? [];
      const procedures = describeProcedures(entriesOf(found.contract));
      const document = openApi(procedures, { name, version, ...(url !== undefined && { url }) });
      console.log(JSON.stringify(document, undefined, 2));
    });
}
