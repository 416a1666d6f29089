/** Receives each line that the loggers of this process write, as JSON; `undefined` while logs are not exported. */
export const logExport: { emit: ((line: string) => void) | undefined } = { emit: undefined };

type Write = (fields: Record<string, unknown>, message: string) => void;

/** Makes the lines of a logger stay in this process: an exporter must not export what it logs about itself. */
export function unexported(write: Write): Write {
  return (fields, message) => {
    const { emit } = logExport;
    logExport.emit = undefined;
    try {
      write(fields, message);
    } finally {
      logExport.emit = emit;
    }
  };
}
