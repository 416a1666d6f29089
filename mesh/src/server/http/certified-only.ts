import type { RequestListener } from 'node:http';
import type { ClientCertificates } from '../access/client-certificates.ts';
import { MeshError } from '../../wire/index.ts';
import { errorAnswer, writeAnswer } from './answer.ts';
import { requestIdOf } from './request-headers.ts';

/** Answers requests whose connection has no valid client certificate, and passes the others on. */
export function certifiedOnly(certificates: ClientCertificates, listener: RequestListener): RequestListener {
  return (request, response) => {
    try {
      certificates.mustBeValid(request);
    } catch (thrown) {
      if (!(thrown instanceof MeshError)) throw thrown;
      // Its body is not read.
      const headers = { connection: 'close' };
      writeAnswer(request, response, errorAnswer(thrown, requestIdOf(request), headers));
      return;
    }
    listener(request, response);
  };
}
