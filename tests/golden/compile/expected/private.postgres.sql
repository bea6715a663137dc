SELECT "customer_id" FROM "profiles" WHERE (("email" = ANY(CAST(%(p1)s AS text[]))) AND (("email" = CAST(%(p2)s AS text)) IS NOT TRUE) AND ("phone" IS NOT NULL)) IS TRUE
-- p1 = [{"$hash": {"field": "email", "value": "ann@example.com"}}, {"$hash": {"field": "email", "value": "bob@example.com"}}]
-- p2 = {"$hash": {"field": "email", "value": "eve@example.com"}}
