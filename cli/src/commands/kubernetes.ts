import type { Command } from 'commander';
import { commandLog } from '../command-log.ts';
import { prometheusRules } from '../kubernetes/prometheus-rules.ts';
import { secretsFolder, writeSecrets } from '../kubernetes/secrets.ts';
import { makeEnvironment } from '../setup/make-environment.ts';
import { root } from '../workspace.ts';
import { examples } from './examples.ts';

/** `kubernetes secrets`. */
export function kubernetesSecrets(self: Command): Command {
  return examples(self, 'kubernetes secrets').action(async () => {
    await makeEnvironment(root, commandLog('setup'));
    writeSecrets(root, process.env);
    console.log(`Wrote ${secretsFolder}. Now run: kubectl apply -k docker/kubernetes/overlays/dev`);
  });
}

/** `kubernetes prometheus-rules`. */
export function kubernetesPrometheusRules(self: Command): Command {
  return examples(self, 'kubernetes prometheus-rules').action(() => {
    process.stdout.write(prometheusRules(root));
  });
}
