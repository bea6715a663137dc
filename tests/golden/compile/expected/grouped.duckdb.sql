SELECT "customer_id" FROM "profiles" WHERE ((("country" = CAST($p1 AS VARCHAR)) OR (("country" = CAST($p2 AS VARCHAR)) AND ("lifetime_value" >= CAST($p3 AS DOUBLE)))) AND ("last_order_at" IS NOT NULL)) IS TRUE
-- p1 = "US"
-- p2 = "CA"
-- p3 = 2500.5
