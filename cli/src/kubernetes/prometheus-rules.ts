import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

/** Where the printed rules belong. */
export const rulesFile = 'docker/kubernetes/components/monitoring/prometheus-rules.yaml';

const header = `# Made from docker/prometheus/ by
#   npm run mesh -- kubernetes prometheus-rules
# Do not edit: \`npm test\` fails if this file is not what the command prints.
`;

/** The recording rules and alerts of docker/prometheus as a PrometheusRule, in YAML. */
export function prometheusRules(root: string): string {
  const groups = ['recording.yml', 'alerts.yml'].flatMap((name) => {
    const file = parse(readFileSync(join(root, 'docker/prometheus', name), 'utf8')) as { groups: unknown[] };
    return file.groups;
  });
  const rule = {
    apiVersion: 'monitoring.coreos.com/v1',
    kind: 'PrometheusRule',
    metadata: { name: 'arcadium', labels: { 'app.kubernetes.io/part-of': 'arcadium' } },
    spec: { groups },
  };
  return `${header}${stringify(rule, { singleQuote: true, lineWidth: 0 })}`;
}
