import { Command } from 'commander';
import { commandLog } from '../command-log.ts';
import { prometheusRules } from '../kubernetes/prometheus-rules.ts';
import { secretsFolder, writeSecrets } from '../kubernetes/secrets.ts';
import { makeEnvironment } from '../setup/make-environment.ts';
import { root } from '../workspace.ts';

/** `kubernetes secrets`. */
export function kubernetesSecrets(): Command {
  return new Command('secrets')
    .description('Write the secrets of this checkout for the overlay dev; create missing ones')
    .action(async () => {
      await makeEnvironment(root, commandLog('setup'));
      writeSecrets(root, process.env);
      console.log(`Wrote ${secretsFolder}. Now run: kubectl apply -k docker/kubernetes/overlays/dev`);
    });
}

/** `kubernetes prometheus-rules`. */
export function kubernetesPrometheusRules(): Command {
  return new Command('prometheus-rules')
    .description('Print the rules of docker/prometheus as an object of the Prometheus Operator')
    .action(() => {
      process.stdout.write(prometheusRules(root));
    });
}
