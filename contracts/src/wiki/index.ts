export { withLineFeeds } from '../field.ts';
export { type Comment } from './comment.ts';
export { wikiContract } from './contract.ts';
export { type Page, type PageSummary } from './page.ts';
