/** Whether an HTTP request is there whole; one with a body says its length, as those of the mesh do. */
export function isWhole(bytes: Buffer): boolean {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return false;
  const [, length = '0'] = /\r\ncontent-length: *(\d+)/i.exec(bytes.toString('latin1', 0, end)) ?? [];
  return bytes.length >= end + 4 + Number(length);
}

/** What a load balancer answers that has nobody to pass a request to. */
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
