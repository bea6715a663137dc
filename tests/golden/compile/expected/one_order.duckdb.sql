SELECT "customer_id" FROM "profiles" WHERE ((len(list_filter("orders", lambda e1: (struct_extract(e1, 'sku') IN (CAST($p1 AS VARCHAR), CAST($p2 AS VARCHAR))) AND (struct_extract(e1, 'amount') > CAST($p3 AS DOUBLE)) AND ((struct_extract(e1, 'at') >= CAST($p4 AS TIMESTAMP) AND struct_extract(e1, 'at') <= CAST($p5 AS TIMESTAMP)) IS NOT TRUE))) > 0) AND ((len(list_filter("orders", lambda e1: struct_extract(e1, 'amount') < CAST($p6 AS DOUBLE))) > 0) IS NOT TRUE) AND (list_count("orders") > 0) AND (("address" IS NOT NULL) IS NOT TRUE)) IS TRUE
-- p1 = "cd-1"
-- p2 = "cd-2"
-- p3 = 20.0
-- p4 = {"$now": "-30d"}
-- p5 = {"$now": "+0d"}
-- p6 = 1.0
