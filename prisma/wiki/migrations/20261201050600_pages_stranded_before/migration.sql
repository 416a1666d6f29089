-- Pages that are in the bin already; the trigger keeps the others.
UPDATE "pages" AS r SET "strands" = true
WHERE r."deleted_at" IS NOT NULL
    AND EXISTS (SELECT FROM "pages" c WHERE c."parent_id" = r."id" AND c."deleted_at" IS NULL);
