/** A call to copy. */
export interface CopiedCall {
  readonly service: string;
  readonly path: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  /** JSON; empty for none. */
  readonly input: string;
  /** `anyone`, `user`, or the name of a service. */
  readonly caller: string;
  /** Empty for none. */
  readonly idempotencyKey: string;
}

/** The call for a shell that has the service's URL and the token in its environment. */
export function asCurl({ service, path, kind, input, caller, idempotencyKey }: CopiedCall): string {
  const isMutation = kind === 'mutation';
  const parts = [
    `curl ${isMutation ? '' : '-G '}"$${service.toUpperCase().replaceAll('-', '_')}_SERVICE_URL/trpc/${path}"`,
    kind === 'subscription' && `-N -H 'accept: text/event-stream'`,
    caller === 'user' && '-H "authorization: Bearer $TOKEN"',
    caller !== 'user' && caller !== 'anyone' && '-H "authorization: Service-Token $SERVICE_TOKEN"',
    idempotencyKey !== '' && `-H ${quoted(`idempotency-key: ${idempotencyKey}`)}`,
    isMutation && `-H 'content-type: application/json'`,
    input !== '' && (isMutation ? `-d ${quoted(input)}` : `--data-urlencode ${quoted(`input=${input}`)}`),
  ];
  return parts.filter((part) => part !== false).join(' \\\n  ');
}

/** The call for the command line of the mesh. */
export function asMeshCall({ service, path, input, caller, idempotencyKey }: CopiedCall): string {
  const parts = [
    `npm run mesh -- call ${service}.${path}`,
    input !== '' && quoted(input),
    `--as ${caller}`,
    idempotencyKey !== '' && `--key ${quoted(idempotencyKey)}`,
  ];
  return parts.filter((part) => part !== false).join(' ');
}

/** The call of a mesh client. */
export function asTypeScript({ service, path, kind, input, caller, idempotencyKey }: CopiedCall): string {
  const verb = { query: 'query', mutation: 'mutate', subscription: 'subscribe' }[kind];
  const context = idempotencyKey === '' ? '' : `{ context: { idempotencyKey: '${idempotencyKey}' } }`;
  const second = kind === 'subscription' ? '{ onData: console.log }' : context;
  const args = second === '' ? input : `${input === '' ? 'undefined' : input}, ${second}`;
  const token = caller === 'anyone' ? '' : ', token';
  return [
    `import { ${service}Contract } from '@arcadium/contracts/${service}';`,
    `import { connect } from '@arcadium/mesh/client';`,
    '',
    `const ${service} = connect(${service}Contract, { as: '${caller}', url${token} });`,
    `${kind === 'subscription' ? '' : 'await '}${service}.${path}.${verb}(${args});`,
  ].join('\n');
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
