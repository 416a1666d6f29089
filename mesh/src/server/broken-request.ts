import type { Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { errorAnswer, writeJson } from './json.ts';

/**
 * Answers, in JSON too, what Node itself refuses before any listener sees it:
 * bytes that are no HTTP, headers too long, a request that never ends, an
 * expectation that nobody can meet.
 */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    if (error.code === 'ECONNRESET' || !socket.writable) {
      socket.destroy();
      return;
    }
    const [status, code, message] = verdictOn(error.code);
    writeRaw(socket, status, { error: { message, data: { code, httpStatus: Number.parseInt(status, 10) } } });
  });
  server.on('checkExpectation', (request, response) => {
    const answer = errorAnswer('BAD_REQUEST', 'This expectation cannot be met', { connection: 'close' });
    writeJson(request, response, { ...answer, status: 417 });
  });
}

function verdictOn(code: string | undefined): [status: string, code: string, message: string] {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return ['431 Request Header Fields Too Large', 'BAD_REQUEST', 'The headers are longer than 16 KiB'];
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return ['408 Request Timeout', 'TIMEOUT', 'The request was not complete in time'];
    default:
      return ['400 Bad Request', 'BAD_REQUEST', 'This is no valid HTTP request'];
  }
}

function writeRaw(socket: Duplex, status: string, body: unknown): void {
  const text = JSON.stringify(body);
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n\r\n${text}`,
  );
}
