import type { Entry, Group } from './command-entry.ts';

/**
 * Every command of `mesh`, in the order of its help. What a command imports is loaded when it runs: a service's client
 * takes longer to load than most commands to run.
 */
export const commandTable: Readonly<Record<string, Entry | Group>> = {
  status: {
    description: 'Show the health of every endpoint of every service',
    load: async () => (await import('./commands/status.ts')).status,
    readOnly: true,
  },
  wait: {
    description: 'Wait until every service is healthy',
    load: async () => (await import('./commands/wait.ts')).wait,
  },
  top: {
    description: 'Show the calls of every procedure by caller: rate, success, latency, retries and breaker',
    load: async () => (await import('./commands/top.ts')).top,
  },
  doctor: {
    description: 'Check this checkout and its mesh for everything that is known to go wrong; changes nothing',
    alias: 'check',
    load: async () => (await import('./commands/doctor.ts')).doctor,
    needsCheckout: true,
    readOnly: true,
  },
  tap: {
    description: 'Show the calls of a service as they end',
    load: async () => (await import('./commands/tap.ts')).tap,
  },
  trace: {
    description: 'Show what a request did: calls, attempts, statements, deliveries and log lines',
    load: async () => (await import('./commands/trace.ts')).trace,
    readOnly: true,
  },
  logs: {
    description: 'Show the log lines of the services',
    load: async () => (await import('./commands/logs.ts')).logs,
    readOnly: true,
  },
  call: {
    description: 'Call a procedure of a running service, by its own description',
    load: async () => (await import('./commands/call.ts')).call,
    readOnly: { always: ['--queries-only'], never: ['--data', '--key'] },
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
  user: {
    description: 'Manage user accounts',
    commands: {
      list: {
        description: 'Show accounts, newest first',
        load: async () => (await import('./commands/user.ts')).userList,
        readOnly: true,
      },
      show: {
        description: 'Show one account and how many sessions it has',
        load: async () => (await import('./commands/user.ts')).userShow,
        readOnly: true,
      },
      create: {
        description: 'Create an account with a first password from the terminal or piped input',
        load: async () => (await import('./commands/user.ts')).userCreate,
      },
      role: {
        description: 'Make a user an administrator, or an administrator a user; their sessions end',
        load: async () => (await import('./commands/user-change.ts')).userRole,
      },
      disable: {
        description: 'Disable an account: its sessions end, and it cannot log in',
        load: async () => (await import('./commands/user-change.ts')).userDisable,
      },
      enable: {
        description: 'Enable a disabled account',
        load: async () => (await import('./commands/user-change.ts')).userEnable,
      },
      'reset-second-factor': {
        description: 'Turn off the second factor of a user who has lost it; their sessions end',
        load: async () => (await import('./commands/user-change.ts')).userResetSecondFactor,
      },
      'end-sessions': {
        description: 'End all sessions of a user and print how many were active',
        load: async () => (await import('./commands/user-change.ts')).userEndSessions,
      },
    },
  },
  audit: {
    description: 'Show the audit log: who did what to which identity, and which calls were denied',
    load: async () => (await import('./commands/audit.ts')).audit,
    readOnly: true,
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
        readOnly: true,
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
        readOnly: true,
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
        readOnly: true,
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
        readOnly: true,
        needsCheckout: true,
      },
      docs: {
        description: 'Write the reference of the API, a page for each service',
        load: async () => (await import('./commands/contract-docs.ts')).contractDocs,
        needsCheckout: true,
      },
      publish: {
        description: 'Write the contract of a service as a package: types and a snapshot, no code',
        load: async () => (await import('./commands/contract-publish.ts')).contractPublish,
        needsCheckout: true,
      },
      pull: {
        description: 'Write the contract of a running service, or of a snapshot, as a module for its clients',
        load: async () => (await import('./commands/contract-pull.ts')).contractPull,
      },
      'network-policies': {
        description: 'Print the Kubernetes network policies that follow from the access rules',
        load: async () => (await import('./commands/network-policies.ts')).networkPoliciesCommand,
        needsCheckout: true,
      },
    },
  },
  'can-i-deploy': {
    description:
      'Compare the contracts here with what runs in an environment, for the deployment of one service',
    load: async () => (await import('./commands/can-i-deploy.ts')).canIDeployCommand,
    needsCheckout: true,
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
    description: 'Look at, migrate, back up and restore the databases of services',
    commands: {
      status: {
        description: 'Show whether each database answers, its migrations, size and connections',
        load: async () => (await import('./commands/db-status.ts')).dbStatus,
        needsCheckout: true,
        readOnly: true,
      },
      migrate: {
        description: 'Apply the pending migrations, as services do when they start',
        load: async () => (await import('./commands/db-migrate.ts')).dbMigrate,
        needsCheckout: true,
      },
      shell: {
        description: 'Run SQL in the schema of a service, read-only unless --write is given',
        load: async () => (await import('./commands/db-shell.ts')).dbShell,
        needsCheckout: true,
      },
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
  mcp: {
    description: 'Serve the commands that change nothing as tools of the Model Context Protocol',
    load: async () => {
      const { mcp } = await import('./commands/mcp.ts');
      return (self) => mcp(self, commandTable);
    },
    needsCheckout: true,
  },
};
