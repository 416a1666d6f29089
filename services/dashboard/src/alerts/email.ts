import type { AlertChannel } from '../jobs/alert-queue.ts';

/** Time limits of a delivery, in milliseconds. */
const limits = { connectionTimeout: 10_000, greetingTimeout: 10_000, socketTimeout: 20_000 };

export interface EmailOptions {
  /** Such as `smtps://user:password@host:465`; read for each email. */
  smtpUrl: () => string;
  from: string;
  to: string;
}

/** Sends alerts as email, over a new connection each. */
export function email({ smtpUrl, from, to }: EmailOptions): AlertChannel {
  const domain = from.slice(from.indexOf('@') + 1);
  return {
    name: 'email',
    async send({ key, subject, text }) {
      const messageId = `<${key}@${domain}>`;
      // Loaded for the first alert: it takes memory, and most dashboards send none.
      const { createTransport } = await import('nodemailer');
      const url = smtpUrl();
      await createTransport({ url, ...limits })
        .sendMail({ from, to, subject, text, messageId })
        .catch((error: unknown) => {
          // Without a cause: the answer of a server may repeat what it got.
          throw new Error(
            without(new URL(url).password, error instanceof Error ? error.message : String(error)),
          );
        });
    },
  };
}

function without(password: string, message: string): string {
  if (password === '') return message;
  return message.replaceAll(decodeURIComponent(password), '[hidden]').replaceAll(password, '[hidden]');
}
