import { existsSync, readFileSync } from 'node:fs';
import { waiverFile, type Waiver } from '@arcadium/mesh/contract-check';

/** Reads the waivers of a file; none if it does not exist. @throws Error for an invalid file */
export function readWaivers(file: string): readonly Waiver[] {
  if (!existsSync(file)) return [];
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} is not JSON`, { cause: error });
  }
  const parsed = waiverFile.safeParse(json);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new Error(`${file} is not valid: ${issues.join('; ')}`);
}
