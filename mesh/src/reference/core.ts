// What other folders of the mesh need, and packages do not export.

export { heading, paragraph, table, type Block } from './block.ts';
export { writeHtml } from './html.ts';
export { procedureBlocks } from './procedure-blocks.ts';
