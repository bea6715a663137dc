SELECT "customer_id" FROM "profiles" WHERE (("country" = CAST($p1 AS VARCHAR)) AND ("lifetime_value" > CAST($p2 AS DOUBLE)) AND ("loyalty_points" < CAST($p3 AS BIGINT)) AND (list_contains("tags", CAST($p4 AS VARCHAR))) AND ("city" IN (CAST($p5 AS VARCHAR), CAST($p6 AS VARCHAR))) AND (("email_opt_in" = CAST($p7 AS BOOLEAN)) IS NOT TRUE) AND ("customer_id" IN (SELECT unnest(CAST($p8 AS VARCHAR[]))))) IS TRUE
-- p1 = "US"
-- p2 = 1000.0
-- p3 = 50
-- p4 = "vip"
-- p5 = "boston"
-- p6 = "chicago"
-- p7 = true
-- p8 = {"$list": "testers"}
