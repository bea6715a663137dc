SELECT "customer_id" FROM "profiles" WHERE ((("country" = CAST(%(p1)s AS text)) OR (("country" = CAST(%(p2)s AS text)) AND ("lifetime_value" >= CAST(%(p3)s AS double precision)))) AND ("last_order_at" IS NOT NULL)) IS TRUE
-- p1 = "US"
-- p2 = "CA"
-- p3 = 2500.5
