import { randomUUID } from 'node:crypto';
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { MeshError, type ErrorCode } from '../../wire/index.ts';
import { errorAnswer, writeAnswer, type JsonAnswer } from './answer.ts';
import type { OpenResponses } from './open-responses.ts';
import { requestIdOf } from './request-id.ts';

/** How long what a refused caller still sends is read and dropped, in milliseconds: closed at once, it would see a reset and no answer. */
export const lingerMs = 2000;

/**
 * Answers, in JSON too, what Node itself refuses before any listener sees it:
 * bytes that are no HTTP, headers too long, a request that never ends, an
 * expectation that nobody can meet. The connection is gone afterwards, whether
 * the caller closes its side or not.
 */
export function answerBrokenRequests(server: Server, responses: OpenResponses): void {
  const refused = new WeakSet<Duplex>();

  server.on('clientError', (error: NodeJS.ErrnoException, stream) => {
    const socket = stream as Socket;
    if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT' && socket.bytesRead === 0) {
      endUnused(socket, server.keepAliveTimeout - server.headersTimeout);
      return;
    }
    // What follows the rubbish is rubbish too; the first of it was answered.
    if (refused.has(socket)) return;
    const begun = responses.on(socket).some(({ headersSent }) => headersSent);
    // Within an answer that has begun, another one would be taken for a part of it.
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
 * Ends a connection on which no request begins in time, in milliseconds. Node counts the time for headers from the
 * connection on; a request that begins later has all of it. No answer: nothing was asked.
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

/** Answers on a connection that no ServerResponse belongs to, and ends it. @param status With its words. */
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
 * Ends a connection in stages (RFC 9112 §9.6): sends what is queued and that
 * nothing follows, and goes on reading until the other side has closed too, or
 * for two seconds. Closed with bytes unread, it would be reset.
 */
export function endGently(socket: Duplex, last?: string): void {
  socket.end(last);
  setTimeout(() => socket.destroy(), lingerMs).unref();
}
