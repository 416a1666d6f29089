import { compose } from './containers.ts';
import type { ServiceName } from './containers.ts';

/** How many sessions each replica of a service has got from the edge since the edge started, by HAProxy's name for it. */
export async function sessionsOf(service: ServiceName): Promise<ReadonlyMap<string, number>> {
  const script = `exec 3<> /dev/tcp/127.0.0.1/8405
    printf 'GET /metrics?scope=server HTTP/1.0\\r\\n\\r\\n' >&3
    grep '^haproxy_server_\\(sessions_total\\|check_status\\)' <&3`;
  const lines = (await compose('exec', '-T', 'edge', 'bash', '-c', script)).split('\n');
  const pattern = /^haproxy_server_sessions_total\{proxy="([^"]+)",server="([^"]+)"\} (\d+)/;
  const counts = lines.flatMap((line) => {
    const [, proxy, server = '', count] = pattern.exec(line) ?? [];
    return proxy === service && Number(count) > 0 ? [[server, Number(count)] as const] : [];
  });
  return new Map(counts);
}
