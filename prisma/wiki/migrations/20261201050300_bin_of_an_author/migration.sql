-- By hand, since schema.prisma has no words for a part of a table.
CREATE INDEX CONCURRENTLY "pages_bin_author_idx" ON "pages"("author_id", "deleted_at" DESC, "id" DESC) WHERE "deleted_at" IS NOT NULL;
