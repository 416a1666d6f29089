/** Why nothing was created. */
export type CreateErrorCode =
  | 'NODE_TOO_OLD'
  | 'UNKNOWN_OPTION'
  | 'NAME_MISSING'
  | 'NAME_INVALID'
  | 'NOT_A_FOLDER'
  | 'FOLDER_NOT_EMPTY';

/** Nothing was created; the message says why and what to do. */
export class CreateError extends Error {
  override readonly name = 'CreateError';
  readonly code: CreateErrorCode;

  constructor(code: CreateErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
