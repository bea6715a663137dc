SELECT "customer_id" FROM "profiles" WHERE (("bio$tokens" && CAST(%(p1)s AS text[])) AND ("bio$tokens" @> CAST(%(p1)s AS text[])) AND (strpos((' ' || array_to_string("bio$tokens", ' ') || ' '), CAST(%(p2)s AS text)) > 0) AND (CAST(%(p3)s AS text) = ANY("tags")) AND (CAST(%(p4)s AS text) = ANY("tags")) AND (("address")."lines$tokens" && CAST(%(p5)s AS text[]))) IS TRUE
-- p1 = ["jazz", "blues"]
-- p2 = " free jazz "
-- p3 = "vip"
-- p4 = "beta"
-- p5 = ["upstairs"]
