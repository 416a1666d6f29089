import { connect, createServer as createTcpServer } from 'node:net';
import { createServer as createTlsServer } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';
import { createAuthority, type CertificateOptions } from '@arcadium/mesh/testing';
import { findFreePort } from '@arcadium/postgres/testing-cluster';
import { portOf } from '@arcadium/mesh/config';
import { serviceNames, urlSetting } from '../../workspace.ts';
import type { Faults } from './fault.ts';
import type { HealthyMesh } from './healthy-mesh.ts';

const authority = createAuthority();
const names: CertificateOptions = { dns: ['wiki', 'localhost'], spiffeId: 'spiffe://arcadium.local/wiki' };

/** Changes `/health` of the wiki. */
function wikiReports(change: Record<string, unknown>) {
  return async (mesh: HealthyMesh): Promise<void> => {
    await mesh.standIn('wiki', { '/health': (body) => ({ ...body, ...change }) });
  };
}

interface Procedures {
  procedures: { path: string }[];
}

export const portsFaults: Faults = {
  'ports.taken': {
    plant: async (mesh) => {
      const server = createTcpServer((socket) => {
        socket.on('error', () => {});
        socket.end('220 mail.example ESMTP\r\n');
      });
      mesh.set('.env', { WIKI_SERVICE_URL: await mesh.listen(server) });
    },
  },
  'ports.other-service': { plant: wikiReports({ service: 'notification' }) },
  'ports.used-twice': {
    also: ['ports.other-service'],
    plant: (mesh) => mesh.set('.env', { NOTIFICATION_SERVICE_URL: mesh.url('wiki') }),
  },
  'ports.database-twice': {
    also: ['services.down'],
    plant: (mesh) => mesh.set('.env', { WIKI_SERVICE_URL: `http://localhost:${mesh.cluster.port}` }),
  },
};

export const servicesFaults: Faults = {
  'services.none-running': {
    plant: async (mesh) => {
      for (const service of serviceNames(mesh.root))
        mesh.set('.env', { [urlSetting(service)]: `http://localhost:${await findFreePort()}` });
      // The dashboard still has its port for traces, which is another process now.
      mesh.setOf('dashboard', { OTLP_PORT: String(await findFreePort()) });
    },
  },
  'services.down': {
    plant: async (mesh) => mesh.set('.env', { WIKI_SERVICE_URL: `http://localhost:${await findFreePort()}` }),
  },
  'services.unhealthy': { plant: wikiReports({ status: 'unhealthy', database: 'disconnected' }) },
  'services.degraded': {
    plant: wikiReports({ status: 'degraded', dependencies: { notification: 'unhealthy' } }),
  },
  'services.slow': {
    plant: async (mesh) => {
      const to = portOf(mesh.url('wiki'));
      const server = createTcpServer((socket) => {
        void delay(6500).then(() => {
          const behind = connect(to, 'localhost');
          for (const one of [socket, behind]) one.on('error', () => {});
          socket.pipe(behind).pipe(socket);
        });
      });
      mesh.set('.env', { WIKI_SERVICE_URL: await mesh.listen(server) });
      return { patienceMs: 12_000 };
    },
  },
};

export const versionsFaults: Faults = {
  'versions.other-than-checkout': { plant: wikiReports({ version: '99.0.0' }) },
  'versions.replicas-differ': {
    also: ['versions.other-than-checkout'],
    plant: async (mesh) => {
      const first = mesh.url('wiki');
      await mesh.standIn('wiki', { '/health': (body) => ({ ...body, version: '99.0.0' }) });
      mesh.set('.env', { WIKI_SERVICE_URL: `${first},${mesh.url('wiki')}` });
    },
  },
  'versions.workspace': {
    plant: (mesh) =>
      mesh.edit('services/wiki/package.json', (text) =>
        text.replace(/("@arcadium\/mesh": ")[^"]*/, '$19.9.9'),
      ),
  },
};

export const contractsFaults: Faults = {
  'contracts.unreadable': {
    plant: (mesh) =>
      mesh.edit('contracts/package.json', (text) => text.replace('./src/wiki/', './src/nowhere/')),
  },
  'contracts.missing': {
    plant: (mesh) =>
      mesh.edit('contracts/package.json', (text) => {
        const manifest = JSON.parse(text) as { exports: Record<string, string> };
        delete manifest.exports['./wiki'];
        return JSON.stringify(manifest);
      }),
  },
  'contracts.breaking': {
    plant: async (mesh) => {
      await mesh.standIn('wiki', {
        '/api/contract': (body) => {
          const { procedures } = body as unknown as Procedures;
          return { ...body, procedures: [...procedures, { ...procedures[0], path: 'pages.vanish' }] };
        },
      });
    },
  },
  'contracts.differ': {
    plant: async (mesh) => {
      await mesh.standIn('wiki', {
        '/api/contract': (body) => ({
          ...body,
          procedures: (body as unknown as Procedures).procedures.slice(1),
        }),
      });
    },
  },
  'contracts.hidden': {
    plant: async (mesh) => {
      await mesh.standIn('wiki', { '/api/contract': () => 403 });
    },
  },
  'contracts.waiver': {
    plant: (mesh) =>
      mesh.edit('contracts/waivers.json', () =>
        JSON.stringify([
          {
            rule: 'procedure-removed',
            procedure: 'wiki.pages.vanish',
            reason: 'No caller has used it for a year',
            until: '2020-01-01',
          },
        ]),
      ),
  },
};

/** Gives the wiki TLS files. PORT says that its URL is that of a proxy, so that it may stay http. */
function serveWith(
  mesh: HealthyMesh,
  {
    cert,
    key,
    ca = authority.cert,
    keyMode = 0o600,
  }: { cert: string; key: string; ca?: string; keyMode?: number },
): void {
  mesh.setOf('wiki', {
    PORT: String(portOf(mesh.url('wiki'))),
    TLS_CERT_FILE: mesh.write('tls.crt', cert, 0o644),
    TLS_KEY_FILE: mesh.write('tls.key', key, keyMode),
    TLS_CA_FILE: mesh.write('ca.crt', ca, 0o644),
  });
}

/** TLS as it should be. */
export function plantGoodTls(mesh: HealthyMesh): void {
  serveWith(mesh, authority.issue('wiki', names));
}

export const tlsFaults: Faults = {
  'tls.files': {
    plant: (mesh) =>
      serveWith(mesh, { ...authority.issue('wiki', names), key: authority.issue('wiki', names).key }),
  },
  'tls.expired': {
    plant: (mesh) =>
      serveWith(mesh, authority.issue('wiki', { ...names, notAfter: new Date(Date.now() - 60_000) })),
  },
  'tls.ending': {
    // Valid since five minutes ago.
    plant: (mesh) => {
      const at = Date.now();
      serveWith(mesh, authority.issue('wiki', { ...names, notAfter: new Date(at + 3_600_000) }));
      return { now: () => at + 3_500_000 };
    },
    also: ['clocks.service', 'clocks.database'],
  },
  'tls.other-name': {
    plant: (mesh) => serveWith(mesh, authority.issue('auth', { dns: ['auth', 'localhost'] })),
  },
  'tls.other-host': { plant: (mesh) => serveWith(mesh, authority.issue('wiki', { dns: ['wiki'] })) },
  'tls.foreign-authority': {
    plant: (mesh) => serveWith(mesh, { ...authority.issue('wiki', names), ca: createAuthority().cert }),
  },
  'tls.key-mode': {
    plant: (mesh) => serveWith(mesh, { ...authority.issue('wiki', names), keyMode: 0o644 }),
  },
  'tls.scheme': {
    plant: (mesh) => {
      plantGoodTls(mesh);
      mesh.setOf('wiki', { PORT: undefined });
    },
  },
  'tls.not-in-use': {
    plant: async (mesh) => {
      const to = mesh.url('wiki');
      const server = createTlsServer(authority.issue('wiki', names), (request, response) => {
        const { authorization } = request.headers;
        fetch(new URL(request.url ?? '', to), { headers: authorization ? { authorization } : {} })
          .then(async (answer) => {
            response.statusCode = answer.status;
            response.end(await answer.text());
          })
          .catch((error: unknown) => response.destroy(error as Error));
      });
      const url = await mesh.listen(server, 'https');
      serveWith(mesh, authority.issue('wiki', names));
      mesh.set('.env', {
        WIKI_SERVICE_URL: url,
        TLS_CA_FILE: mesh.write('shared-ca.crt', authority.cert, 0o644),
      });
      mesh.setOf('wiki', { PORT: undefined });
    },
  },
  'tls.plain-database': {
    // There is no server of that name.
    also: ['database.unreachable'],
    plant: (mesh) => {
      const changed = ['DATABASE_URL', 'DATABASE_OWNER_URL'].map((name) => [
        name,
        mesh.settings('wiki')[name]?.replace(/@[^/]*/, '@db.invalid'),
      ]);
      mesh.setOf('wiki', Object.fromEntries(changed) as Record<string, string>);
    },
  },
};
