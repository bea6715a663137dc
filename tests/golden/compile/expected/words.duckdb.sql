SELECT "customer_id" FROM "profiles" WHERE ((list_has_any("bio$tokens", CAST($p1 AS VARCHAR[]))) AND (list_has_all("bio$tokens", CAST($p1 AS VARCHAR[]))) AND (contains((' ' || array_to_string("bio$tokens", ' ') || ' '), CAST($p2 AS VARCHAR))) AND (list_contains("tags", CAST($p3 AS VARCHAR))) AND (list_contains("tags", CAST($p4 AS VARCHAR))) AND (list_has_any(struct_extract("address", 'lines$tokens'), CAST($p5 AS VARCHAR[])))) IS TRUE
-- p1 = ["jazz", "blues"]
-- p2 = " free jazz "
-- p3 = "vip"
-- p4 = "beta"
-- p5 = ["upstairs"]
