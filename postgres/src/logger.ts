/** The logger of this package: the part of pino that it needs. */
export interface Logger {
  /** @default nothing is written */
  debug?(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
