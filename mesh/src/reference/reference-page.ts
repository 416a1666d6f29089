import type { ContractSnapshot } from '../contract/index.ts';
import { heading } from './block.ts';
import { writeMarkdown } from './markdown.ts';
import { procedureBlocks } from './procedure-blocks.ts';

/**
 * Writes the reference of a service as a page of Markdown: its procedures, who may call them, their limits, schemas,
 * errors and examples.
 *
 * @param introduction Markdown below the title. @default nothing
 * @example
 * const page = referencePage(deployed);
 */
export function referencePage(
  snapshot: Pick<ContractSnapshot, 'name' | 'procedures'>,
  introduction?: string,
): string {
  const title = writeMarkdown([heading(1, `The ${snapshot.name} service`)]);
  return [title, introduction && `${introduction}\n`, writeMarkdown(procedureBlocks(snapshot))]
    .filter((part) => part !== undefined && part !== '')
    .join('\n');
}
