SELECT "customer_id" FROM "profiles" WHERE ((("country" IN (CAST($p1 AS VARCHAR), CAST($p2 AS VARCHAR))) IS NOT TRUE) AND (("lifetime_value" > CAST($p3 AS DOUBLE)) IS NOT TRUE) AND (("bio" IS NOT NULL) IS NOT TRUE) AND ((((list_contains("tags", CAST($p4 AS VARCHAR))) IS NOT TRUE) AND ("city" IS NOT NULL)) IS NOT TRUE)) IS TRUE
-- p1 = "US"
-- p2 = "CA"
-- p3 = 5.0
-- p4 = "vip"
