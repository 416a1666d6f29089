// Checked by `tsc` only: an `@ts-expect-error` is an error itself if the line below compiles.

import type { Clients } from './clients.ts';

declare const clients: Clients;

const { notifications } = clients.notification;
const message = { key: 'k', userId: 'id', title: 'Title', body: 'Body' };
const toMany = { key: 'k', userIds: ['id'], title: 'Title', body: 'Body' };

void notifications.send.mutate({ ...message, topic: 'comment' });
void notifications.sendMany.mutate({ ...toMany, topic: 'page' });
// @ts-expect-error the security of accounts is auth's topic
void notifications.send.mutate({ ...message, topic: 'security' });
// @ts-expect-error to many users as well
void notifications.sendMany.mutate({ ...toMany, topic: 'security' });
void notifications.sendBatch.mutate({ messages: [{ ...message, topic: 'page' }] });
// @ts-expect-error nor in a batch
void notifications.sendBatch.mutate({ messages: [{ ...message, topic: 'security' }] });
// @ts-expect-error there is no such topic
void notifications.send.mutate({ ...message, topic: 'weather' });
// @ts-expect-error only administrators broadcast
void clients.notification.broadcasts;
