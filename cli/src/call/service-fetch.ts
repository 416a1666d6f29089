import { settingsOf } from '../workspace.ts';

/** `fetch` to a service. What TLS needs is loaded if a setting asks for it. */
export async function fetchOfService(...request: Parameters<typeof fetch>): Promise<Response> {
  const { TLS_CERT_FILE, TLS_CA_FILE } = settingsOf();
  if (TLS_CERT_FILE === undefined && TLS_CA_FILE === undefined) return fetch(...request);
  const { commandTls } = await import('../tls.ts');
  return (commandTls()?.fetch ?? fetch)(...request);
}
