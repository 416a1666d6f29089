-- What search reads of a page, made by the service: PostgreSQL's parser goes by the database's LC_CTYPE, and knows no
-- words in a script without spaces. Null until the service has read the page, as is the revision that it read; both
-- columns are added, and indexed, without reading a page's text.
ALTER TABLE "pages" ADD COLUMN "words" tsvector, ADD COLUMN "indexed_revision" INTEGER;

CREATE INDEX "pages_words_idx" ON "pages" USING GIN ("words");

-- By hand, since schema.prisma has no words for a part of a table: pages that another version of the service wrote.
CREATE INDEX "pages_stale_idx" ON "pages"("id") WHERE "indexed_revision" IS DISTINCT FROM "revision";
