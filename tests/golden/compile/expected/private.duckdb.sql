SELECT "customer_id" FROM "profiles" WHERE (("email" IN (CAST($p1 AS VARCHAR), CAST($p2 AS VARCHAR))) AND (("email" = CAST($p3 AS VARCHAR)) IS NOT TRUE) AND ("phone" IS NOT NULL)) IS TRUE
-- p1 = {"$hash": {"field": "email", "value": "ann@example.com"}}
-- p2 = {"$hash": {"field": "email", "value": "bob@example.com"}}
-- p3 = {"$hash": {"field": "email", "value": "eve@example.com"}}
