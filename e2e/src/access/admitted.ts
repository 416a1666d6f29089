import type { ServiceName } from '../mesh.ts';

/**
 * A kind of caller: `anyone`, with or without credentials; `user`, calling directly, with any role; `admin`,
 * an administrator calling directly; `service`, any with a token, for a user or not; or one service by its
 * name, or for a user as `wiki for user`.
 */
export type Admitted = 'anyone' | 'user' | 'admin' | 'service' | ServiceName | `${ServiceName} for user`;

/**
 * Who may call what: every procedure of every service, stated a second time. Contracts are for machines, this
 * is for reviewers: no access rule can change without a line here, and a procedure that is missing here
 * admits no one.
 */
export const admitted: Readonly<Record<ServiceName, Readonly<Record<string, readonly Admitted[]>>>> = {
  auth: {
    'users.register': ['anyone'],
    'users.me': ['user'],
    'users.update': ['user'],
    'users.changePassword': ['user'],
    'users.get': ['user', 'wiki', 'notification'],
    'users.getMany': ['user', 'wiki', 'notification'],
    'users.create': ['admin'],
    'users.list': ['admin'],
    'users.find': ['admin'],
    'users.setRole': ['admin'],
    'users.disable': ['admin'],
    'users.enable': ['admin'],
    'users.resetSecondFactor': ['admin'],
    'users.endSessions': ['admin'],

    'sessions.login': ['anyone'],
    'sessions.refresh': ['anyone'],
    'sessions.logout': ['anyone'],
    'sessions.logoutAll': ['user'],
    'sessions.list': ['user'],

    'totp.enroll': ['user'],
    'totp.confirm': ['user'],
    'totp.renewRecoveryCodes': ['user'],
    'totp.disable': ['user'],

    'tokens.introspect': ['admin', 'wiki', 'notification'],
    // A service only for its own tokens, which the handlers check.
    'serviceTokens.issue': ['admin', 'service'],
    'serviceTokens.list': ['admin', 'service'],
    'serviceTokens.rotate': ['admin', 'service'],
    'serviceTokens.revoke': ['admin', 'service'],

    'keys.rotate': ['admin'],
    'keys.withdraw': ['admin'],
    'keys.list': ['admin', 'service'],
    'revocations.list': ['admin', 'service'],
    'revocations.watch': ['admin', 'service'],

    'audit.list': ['admin'],
    'audit.report': ['service'],

    'outbox.list': ['admin'],
    'outbox.retry': ['admin'],
    'outbox.drop': ['admin'],
  },
  notification: {
    'notifications.send': ['auth', 'wiki'],
    'notifications.sendMany': ['auth', 'wiki'],
    'notifications.sendBatch': ['auth', 'wiki'],
    'notifications.list': ['user'],
    'notifications.unreadCount': ['user'],
    'notifications.markRead': ['user'],
    'notifications.markAllRead': ['user'],
    'notifications.markLinkRead': ['wiki for user'],
    'notifications.watch': ['user'],

    'broadcasts.send': ['admin'],
    'broadcasts.list': ['admin'],
    'broadcasts.unreadCount': ['admin'],
    'broadcasts.markRead': ['admin'],

    'preferences.get': ['user'],
    'preferences.set': ['user'],
  },
  wiki: {
    'pages.create': ['user'],
    'pages.get': ['anyone'],
    'pages.list': ['anyone'],
    'pages.tree': ['anyone'],
    'pages.update': ['user'],
    'pages.move': ['user'],
    'pages.delete': ['user'],
    'pages.restore': ['user'],
    'pages.history': ['anyone'],
    'pages.revision': ['anyone'],
    'pages.diff': ['anyone'],
    'pages.revert': ['user'],
    'pages.watch': ['user'],
    'pages.unwatch': ['user'],

    'comments.create': ['user'],
    'comments.list': ['anyone'],
    'comments.update': ['user'],
    'comments.delete': ['user'],
    'comments.resolve': ['user'],

    'links.backlinks': ['anyone'],
    'links.broken': ['anyone'],
    'links.orphans': ['anyone'],

    'search.query': ['anyone'],
    'search.suggest': ['anyone'],

    'index.list': ['anyone'],
    'index.get': ['anyone'],

    'outbox.list': ['admin'],
    'outbox.retry': ['admin'],
    'outbox.drop': ['admin'],
  },
};
