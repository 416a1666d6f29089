import type { Command } from 'commander';

/** A command: what it does in one line, and what adds its arguments, options and action once it is asked for. */
export interface Entry {
  readonly description: string;
  readonly load: () => Promise<(self: Command) => Command>;
  /** Whether it works on the files of a checkout: then it is not in the published package. @default false */
  readonly needsCheckout?: true;
}

/** Commands under one name. */
export interface Group {
  readonly description: string;
  readonly commands: Readonly<Record<string, Entry>>;
}

/**
 * Every command of `mesh`, in the order of its help. What a command imports is loaded when it runs: a service's client
 * takes longer to load than most commands to run.
 */
export const commandTable: Readonly<Record<string, Entry | Group>> = {
  status: {
    description: 'Show the health of every endpoint of every service',
    load: async () => (await import('./commands/status.ts')).status,
  },
  wait: {
    description: 'Wait until every service is healthy',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  top: {
    description: 'Show the calls of every procedure by caller: rate, success, latency, retries and breaker',
    load: async () => (await import('./commands/top.ts')).top,
  },
  tap: {
    description: 'Show the calls of a service as they end',
    load: async () => (await import('./commands/tap.ts')).tap,
  },
  trace: {
    description: 'Show what a request did: calls, attempts, statements, deliveries and log lines',
    load: async () => (await import('./commands/trace.ts')).trace,
  },
  logs: {
    description: 'Show the log lines of the services',
    load: async () => (await import('./commands/logs.ts')).logs,
  },
  call: {
    description: 'Call a procedure of a running service, by its own description',
    load: async () => (await import('./commands/call.ts')).call,
  },
  completion: {
    description: 'Print a script that completes this command in bash, zsh or fish',
    load: async () => (await import('./commands/completion.ts')).completion,
  },
  certs: {
    description: 'Issue certificates for development: an authority, and one certificate for each service',
    load: async () => (await import('./commands/certs.ts')).certs,
    needsCheckout: true,
  },
  token: {
    description: 'Manage service tokens',
    commands: {
      issue: {
        description: 'Issue a token for a service and print it',
        load: async () => (await import('./commands/token-issue.ts')).tokenIssue,
      },
      list: {
        description: 'Show the known tokens, newest first',
        load: async () => (await import('./commands/token-list.ts')).tokenList,
      },
      rotate: {
        description:
          'Print the successor of a token; repeated calls print the same one, and the old token stays valid',
        load: async () => (await import('./commands/token-rotate.ts')).tokenRotate,
      },
      revoke: {
        description: 'Revoke a token, or all tokens of a service; every service refuses them within seconds',
        load: async () => (await import('./commands/token-revoke.ts')).tokenRevoke,
      },
    },
  },
  key: {
    description: 'Manage signing keys',
    commands: {
      rotate: {
        description:
          'Create the next signing key and print its id; it signs once every service can know of it',
        load: async () => (await import('./commands/key-rotate.ts')).keyRotate,
      },
      list: {
        description: 'Show the published keys, newest first',
        load: async () => (await import('./commands/key-list.ts')).keyList,
      },
      withdraw: {
        description:
          'Withdraw a stolen key at once: every token it signed becomes invalid, including your own log-in',
        load: async () => (await import('./commands/key-withdraw.ts')).keyWithdraw,
      },
    },
  },
  outbox: {
    description: 'Manage notifications that the wiki and auth gave up',
    commands: {
      list: {
        description: 'Show the notifications that were given up, newest of each service first',
        load: async () => (await import('./commands/outbox.ts')).outboxList,
      },
      retry: {
        description: 'Try again to deliver notifications that were given up',
        load: async () => (await import('./commands/outbox.ts')).outboxRetry,
      },
      drop: {
        description: 'Delete notifications that were given up',
        load: async () => (await import('./commands/outbox.ts')).outboxDrop,
      },
    },
  },
  contract: {
    description: 'Work with the contracts of this repository',
    commands: {
      check: {
        description:
          'Compare the contracts here with deployed ones: what breaks, what may break, what is safe',
        load: async () => (await import('./commands/contract-check.ts')).contractCheck,
        needsCheckout: true,
      },
      openapi: {
        description: 'Print the contract of a service as OpenAPI 3.1',
        load: async () => (await import('./commands/contract-openapi.ts')).contractOpenApi,
        needsCheckout: true,
      },
      'network-policies': {
        description: 'Print the Kubernetes network policies that follow from the access rules',
        load: async () => (await import('./commands/network-policies.ts')).networkPoliciesCommand,
        needsCheckout: true,
      },
    },
  },
  kubernetes: {
    description: 'Write what docker/kubernetes takes from this repository',
    commands: {
      secrets: {
        description: 'Write the secrets of this checkout for the overlay dev; create missing ones',
        load: async () => (await import('./commands/kubernetes.ts')).kubernetesSecrets,
        needsCheckout: true,
      },
      'prometheus-rules': {
        description: 'Print the rules of docker/prometheus as an object of the Prometheus Operator',
        load: async () => (await import('./commands/kubernetes.ts')).kubernetesPrometheusRules,
        needsCheckout: true,
      },
    },
  },
  db: {
    description: 'Back up and restore the databases of services',
    commands: {
      backup: {
        description:
          'Back up services while they work, encrypted for BACKUP_RECIPIENTS or with BACKUP_PASSPHRASE',
        load: async () => (await import('./commands/db-backup.ts')).dbBackup,
        needsCheckout: true,
      },
      verify: {
        description: 'Read a whole backup, and say what is in it; needs no database',
        load: async () => (await import('./commands/db-restore.ts')).dbVerify,
        needsCheckout: true,
      },
      restore: {
        description:
          'Restore a service from a backup, all or nothing; stop the service first, and start it afterwards',
        load: async () => (await import('./commands/db-restore.ts')).dbRestore,
        needsCheckout: true,
      },
      keygen: {
        description: 'Print a new key of age for backups; keep it where backups are not',
        load: async () => (await import('./commands/db-keygen.ts')).dbKeygen,
        needsCheckout: true,
      },
    },
  },
  new: {
    description: 'Create parts of this repository',
    commands: {
      service: {
        description: 'Create a service with a contract, a schema, handlers and tests',
        load: async () => (await import('./commands/new-service.ts')).newService,
        needsCheckout: true,
      },
    },
  },
};
