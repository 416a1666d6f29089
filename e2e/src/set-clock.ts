import { readFileSync } from 'node:fs';
import { join } from 'node:path';

// Loaded before a service (`--import`): shifts its wall clock by the milliseconds in a file named after its
// PORT, and again when the file changes. Timers are not affected.

const file = join(process.env['CLOCK_FOLDER'] ?? '', process.env['PORT'] ?? '');
const RealDate = Date;
let offMs = 0;

class SetDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    if (given.length === 0) super(RealDate.now() + offMs);
    else if (given.length === 1) super(given[0]);
    // Other forms (year, month and so on) are not used here.
    else super(...(given as unknown as [number, number]));
  }

  static override now(): number {
    return RealDate.now() + offMs;
  }
}

function read(): void {
  try {
    offMs = Number(readFileSync(file, 'utf8'));
  } catch {
    offMs = 0;
  }
}

read();
setInterval(read, 20).unref();
globalThis.Date = SetDate as DateConstructor;
