-- By hand, since schema.prisma has no words for a part of a table: what a tree is walked by, without a look at the pages
-- themselves.
CREATE INDEX "pages_live_children_idx" ON "pages"("parent_id", "slug", "id") WHERE "deleted_at" IS NULL;
