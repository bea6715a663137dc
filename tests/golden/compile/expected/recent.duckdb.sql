SELECT "customer_id" FROM "profiles" WHERE (("last_order_at" >= CAST($p1 AS TIMESTAMP) AND "last_order_at" <= CAST($p2 AS TIMESTAMP)) OR ("last_order_at" >= CAST($p2 AS TIMESTAMP) AND "last_order_at" <= CAST($p3 AS TIMESTAMP)) OR ("last_order_at" < CAST($p4 AS TIMESTAMP)) OR ("last_order_at" >= CAST($p5 AS TIMESTAMP) AND "last_order_at" <= CAST($p2 AS TIMESTAMP)) OR ("last_order_at" >= CAST($p6 AS TIMESTAMP) AND "last_order_at" <= CAST($p2 AS TIMESTAMP)) OR ("last_order_at" >= CAST($p7 AS TIMESTAMP) AND "last_order_at" < CAST($p8 AS TIMESTAMP)) OR (list_contains(CAST($p9 AS VARCHAR[]), strftime("birthday", '%m-%d')))) IS TRUE
-- p1 = {"$now": "-30d"}
-- p2 = {"$now": "+0d"}
-- p3 = {"$now": "+12h"}
-- p4 = {"$now": "-14d"}
-- p5 = {"$now": "-7d/d", "zone": "Europe/Berlin"}
-- p6 = {"$now": "-3M/d", "zone": "UTC"}
-- p7 = "2025-12-31T23:00:00.000Z"
-- p8 = "2026-01-31T23:00:00.000Z"
-- p9 = {"$month_days": "+7d", "zone": "Europe/Berlin"}
