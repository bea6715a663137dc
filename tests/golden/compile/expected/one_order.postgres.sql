SELECT "customer_id" FROM "profiles" WHERE ((EXISTS (SELECT 1 FROM unnest("orders") AS e1 WHERE ((e1)."sku" = ANY(CAST(%(p1)s AS text[]))) AND ((e1)."amount" > CAST(%(p2)s AS double precision)) AND (((e1)."at" >= CAST(%(p3)s AS timestamptz) AND (e1)."at" <= CAST(%(p4)s AS timestamptz)) IS NOT TRUE))) AND ((EXISTS (SELECT 1 FROM unnest("orders") AS e1 WHERE (e1)."amount" < CAST(%(p5)s AS double precision))) IS NOT TRUE) AND (cardinality("orders") > 0) AND ((NOT ("address" IS NULL)) IS NOT TRUE)) IS TRUE
-- p1 = ["cd-1", "cd-2"]
-- p2 = 20.0
-- p3 = {"$now": "-30d"}
-- p4 = {"$now": "+0d"}
-- p5 = 1.0
