/**
 * No WebSocket was opened.
 *
 * @example
 * const open: OpenSocket = async () => {
 *   throw new NotOpened('no network in this test', 'unreached');
 * };
 */
export class NotOpened extends Error {
  /**
   * `refused`: answered without an upgrade, or not by a service of the mesh. `ignored`: not answered. `unreached`: no connection. `unavailable`:
   * answered with 5xx. `credentials`: answered with 401 or 403.
   */
  readonly reason: 'refused' | 'ignored' | 'unreached' | 'unavailable' | 'credentials';

  constructor(message: string, reason: NotOpened['reason']) {
    super(message);
    this.reason = reason;
  }
}
