// Checked by `tsc` only: an `@ts-expect-error` is an error itself if the line below compiles.

import type { Clients } from './clients.ts';

declare const clients: Clients;

const { notifications } = clients.notification;
const message = { key: 'k', userIds: ['id'], title: 'Title', body: 'Body' };

void notifications.sendMany.mutate({ ...message, topic: 'security' });
// @ts-expect-error what happens to pages is the wiki's topic
void notifications.sendMany.mutate({ ...message, topic: 'page' });
// @ts-expect-error only administrators broadcast
void clients.notification.broadcasts;
