-- How many values that events carried their profile field could not hold, by event type and field. No values.

CREATE TABLE refused_value (
    catalogue text NOT NULL,               -- digest of the catalogue that the values were held against
    partition smallint NOT NULL,           -- of the customers, so that workers do not wait for each other
    type text NOT NULL,
    field text NOT NULL,
    count bigint NOT NULL,
    PRIMARY KEY (partition, catalogue, type, field)
);
