"""Where things are kept: connections to Redis, PostgreSQL and Elasticsearch, embedded servers, migrations, names."""
