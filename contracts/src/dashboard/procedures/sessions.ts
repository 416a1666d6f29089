import { sessions as own } from '../../auth/sessions.ts';

/** Log-in of administrators, passed on to auth: the page calls its own origin only. */
export const sessions = { login: own.login, refresh: own.refresh, logout: own.logout };
