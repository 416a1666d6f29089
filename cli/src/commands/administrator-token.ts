import type { Command } from 'commander';
import { CannotCheck } from '../contract/check/cannot-check.ts';

/** The token of an administrator, for a service that asks for one. @throws CannotCheck */
export async function administratorToken(command: Command): Promise<string> {
  let found = '';
  // Loaded only then: most commands on contracts need no service.
  const { asAdministrator } = await import('./administrator.ts');
  try {
    await asAdministrator(command, async (_auth, token) => {
      found = token;
    });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CannotCheck(`The service asks for an administrator. ${why}`, { cause: error });
  }
  return found;
}
