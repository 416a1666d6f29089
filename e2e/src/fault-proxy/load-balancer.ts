/** Whether an HTTP request is complete; requests of the mesh with a body state its length. */
export function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end)) ?? [];
  return bytes.length >= end + 4 + Number(length);
}

/** The answer of a load balancer without a server. */
export function errorPage({ status, retryAfterS }: { status: 502 | 503; retryAfterS?: number }): string {
  const text = `${status} ${status === 502 ? 'Bad Gateway' : 'Service Unavailable'}`;
  const page = `<html>\r\n<head><title>${text}</title></head>\r\n<body><center><h1>${text}</h1></center></body>\r\n</html>\r\n`;
  const head = [
    `HTTP/1.1 ${text}`,
    'Content-Type: text/html',
    `Content-Length: ${page.length}`,
    'Connection: close',
    ...(retryAfterS === undefined ? [] : [`Retry-After: ${retryAfterS}`]),
  ];
  return `${head.join('\r\n')}\r\n\r\n${page}`;
}
