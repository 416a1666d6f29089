import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MeshError, type ErrorCode } from '../../wire/index.ts';
import { errorAnswer, writeAnswer, type JsonAnswer } from './answer.ts';
import type { OpenResponses } from './open-responses.ts';
import { requestIdOf } from './request-headers.ts';

/** How long the rest of a refused request is read and dropped, in milliseconds: a close with unread bytes resets the connection, and the answer is lost. */
export const lingerMs = 2000;

/**
 * Answers requests that Node refuses before a listener sees them, in JSON: invalid HTTP, headers that are too long, an
 * incomplete request, an unknown expectation. Closes the connection afterwards.
 */
export function answerBrokenRequests(server: Server, responses: OpenResponses): void {
  const refused = new WeakSet<Duplex>();

  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) {
      endUnused(socket, server.keepAliveTimeout - server.headersTimeout);
      return;
    }
    // One answer only: everything after invalid HTTP is invalid.
    if (refused.has(socket)) return;
    const begun = responses.on(socket).some(({ headersSent }) => headersSent);
    // A client would read a second answer as a part of the first.
    if (error.code === 'ECONNRESET' || !socket.writable || begun) {
      socket.destroy();
      return;
    }
    refused.add(socket);
    const { status, code, message } = verdictOn(error.code);
    writeRaw(socket, status, errorAnswer(new MeshError(code, message), randomUUID()));
  });
  server.on('checkExpectation', (request, response) => {
    writeAnswer(
      request,
      response,
      errorAnswer(new MeshError('BAD_REQUEST', 'This expectation cannot be met'), requestIdOf(request), {
        connection: 'close',
      }),
    );
  });
}

/**
 * Ends a connection without an answer if no request starts within `withinMs`: Node counts the headers timeout from the
 * start of the connection.
 */
function endUnused(socket: Socket, withinMs: number): void {
  const timer = setTimeout(() => {
    if (socket.bytesRead === 0) endGently(socket);
  }, withinMs).unref();
  socket.once('close', () => clearTimeout(timer));
}

function verdictOn(code: string | undefined): { status: string; code: ErrorCode; message: string } {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return {
        status: '431 Request Header Fields Too Large',
        code: 'BAD_REQUEST',
        message: 'The URL and the headers are longer than 16 KiB: send a long input by POST, in the body',
      };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return {
        status: '408 Request Timeout',
        code: 'TIMEOUT',
        message:
          'The request was not complete in time: the headers must arrive within 10 s, the whole request within 30 s',
      };
    default:
      return { status: '400 Bad Request', code: 'BAD_REQUEST', message: 'This is not a valid HTTP request' };
  }
}

/** Answers on a connection without a ServerResponse, and ends it. @param status For example `400 Bad Request`. */
export function writeRaw(
  socket: Duplex,
  status: string,
  { body, headers = {} }: Pick<JsonAnswer, 'body' | 'headers'>,
): void {
  const text = JSON.stringify(body);
  const further = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  endGently(
    socket,
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\nconnection: close\r\n${further.join('')}\r\n${text}`,
  );
}

/**
 * Closes a connection in stages (RFC 9112 §9.6): sends what is queued and a FIN, then reads until the other side has
 * closed, for up to 2 s. A close with unread bytes would reset the connection.
 */
export function endGently(socket: Duplex, last?: string): void {
  socket.end(last);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
