-- By hand, since schema.prisma has no words for an expression: the pages of a term in the order of its list.
CREATE INDEX CONCURRENTLY "index_entries_term_weight_idx" ON "index_entries"("term", (-"weight"), "page_id", "kind");
