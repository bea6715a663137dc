"""Storage: connections to Redis, PostgreSQL and Elasticsearch, embedded servers, migrations, and names of keys."""
