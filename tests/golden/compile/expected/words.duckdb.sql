SELECT "customer_id" FROM "profiles" WHERE ((list_contains("bio$tokens", CAST($p1 AS VARCHAR)) OR list_contains("bio$tokens", CAST($p2 AS VARCHAR))) AND (list_contains("bio$tokens", CAST($p1 AS VARCHAR)) AND list_contains("bio$tokens", CAST($p2 AS VARCHAR))) AND (contains((' ' || array_to_string("bio$tokens", ' ') || ' '), CAST($p3 AS VARCHAR))) AND (list_contains("tags", CAST($p4 AS VARCHAR))) AND (list_contains("tags", CAST($p5 AS VARCHAR))) AND (list_contains(struct_extract("address", 'lines$tokens'), CAST($p6 AS VARCHAR)))) IS TRUE
-- p1 = "jazz"
-- p2 = "blues"
-- p3 = " free jazz "
-- p4 = "vip"
-- p5 = "beta"
-- p6 = "upstairs"
