-- The record: events, profiles, membership, and what follows from them, in commit order per partition.

-- Instants as decisor writes them, and as milliseconds.
CREATE FUNCTION instant(at timestamptz) RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
    RETURN to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
CREATE FUNCTION ms(at timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (extract(epoch FROM at) * 1000)::bigint;

CREATE TABLE registry (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version bigint NOT NULL DEFAULT 1,
    catalogue text,                        -- canonical JSON of the catalogue that profiles were folded with
    catalogue_digest text
);
INSERT INTO registry DEFAULT VALUES;

-- One row a partition; whoever changes profiles locks the rows it touches, in order, and takes its numbers from them.
CREATE TABLE partition (
    number smallint PRIMARY KEY,
    seq bigint NOT NULL DEFAULT 0
);
INSERT INTO partition (number) SELECT generate_series(0, 15);

-- Every event id ever taken in, with a fingerprint of its content.
CREATE TABLE event_id (
    id text COLLATE "C" PRIMARY KEY,
    fingerprint bytea NOT NULL,
    profile text COLLATE "C" NOT NULL
);
CREATE INDEX event_id_profile ON event_id (profile);

-- The same id with other content: kept and flagged, each content once.
CREATE TABLE event_conflict (
    id text COLLATE "C" NOT NULL,
    fingerprint bytea NOT NULL,
    profile text COLLATE "C" NOT NULL,
    PRIMARY KEY (id, fingerprint)
);
CREATE INDEX event_conflict_profile ON event_conflict (profile);

CREATE TABLE event (
    profile text COLLATE "C" NOT NULL,     -- canonical key
    position bigint NOT NULL,              -- order of ingestion within the profile
    at timestamptz NOT NULL,               -- event time
    id text COLLATE "C" NOT NULL,
    type text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,    -- the key as it was sent
    data json NOT NULL,                    -- canonical; sealed where a field is encrypted
    conflict boolean NOT NULL DEFAULT false,
    received_at timestamptz NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX event_profile ON event (profile, at, position);
-- Instants for which no month is made. A default partition would have to be locked for every new month.
CREATE TABLE event_before PARTITION OF event FOR VALUES FROM (MINVALUE) TO ('2000-01-01T00:00:00Z');
CREATE TABLE event_after PARTITION OF event FOR VALUES FROM ('2200-01-01T00:00:00Z') TO (MAXVALUE);

CREATE TABLE profile (
    profile text COLLATE "C" PRIMARY KEY,
    partition smallint NOT NULL,
    version bigint NOT NULL,               -- rises with every change; the external version in the index
    events bigint NOT NULL,                -- position of the last event
    value json NOT NULL,                   -- the canonical profile as of computed_at; sealed where a field is encrypted
    computed_at timestamptz NOT NULL,
    due_at timestamptz,                    -- the next instant at which time alone may change profile or membership
    catalogue_digest text NOT NULL
);
CREATE INDEX profile_partition ON profile (partition, profile);
CREATE INDEX profile_due ON profile (partition, due_at) WHERE due_at IS NOT NULL;

CREATE TABLE profile_key (
    profile text COLLATE "C" PRIMARY KEY,
    wrapped bytea NOT NULL,                -- the profile's data key, wrapped by the master key
    master text NOT NULL                   -- id of that master key
);

CREATE TABLE outbox (
    partition smallint NOT NULL,
    seq bigint NOT NULL,
    profile text COLLATE "C" NOT NULL,
    kind text NOT NULL,                    -- change | membership | erase, while the erasure is open
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (partition, seq)
);
CREATE INDEX outbox_profile ON outbox (profile);
CREATE INDEX outbox_erase ON outbox (partition) WHERE kind = 'erase';

-- How far a follower (the index) has come.
CREATE TABLE follower (
    name text NOT NULL,
    partition smallint NOT NULL,
    seq bigint NOT NULL,
    PRIMARY KEY (name, partition)
);

CREATE TABLE segment (
    name text PRIMARY KEY,
    active_digest text,                    -- null until the first fill has been switched in
    active json,                           -- the predicate as IR JSON
    building_digest text,
    building json,
    generation bigint NOT NULL DEFAULT 0,  -- rises with every switch
    filled_at timestamptz,
    silent boolean NOT NULL DEFAULT false
);

CREATE TABLE member_list (
    name text PRIMARY KEY,                 -- the list's name and a digest of its content: vips@1f3a…
    members json NOT NULL
);

-- Append-only: odd numbers enter, even ones exit.
CREATE TABLE transition (
    segment text NOT NULL,
    profile text COLLATE "C" NOT NULL,
    number integer NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL,                  -- event | time | definition | erasure | manual | backfill
    digest text NOT NULL,                  -- of the segment's definition
    cause text,                            -- event id
    silent boolean NOT NULL DEFAULT false,
    partition smallint NOT NULL,
    seq bigint NOT NULL,                   -- place in the partition's order; the stream's id
    PRIMARY KEY (segment, profile, number)
);
CREATE INDEX transition_profile ON transition (profile, segment, number);
CREATE INDEX transition_seq ON transition (partition, seq);

-- What a rebuild has decided and the mover has not yet appended; counts as the newest transition once its generation is switched in.
CREATE TABLE staged_transition (
    segment text NOT NULL,
    generation bigint NOT NULL,
    profile text COLLATE "C" NOT NULL,
    enter boolean NOT NULL,
    at timestamptz NOT NULL,
    reason text NOT NULL,
    digest text NOT NULL,
    silent boolean NOT NULL,
    PRIMARY KEY (profile, segment, generation)
);

-- What the definition that is being built says of profiles that changed meanwhile; laid over the build at the switch.
CREATE TABLE live_verdict (
    segment text NOT NULL,
    profile text COLLATE "C" NOT NULL,
    member boolean NOT NULL,
    PRIMARY KEY (segment, profile)
);
CREATE INDEX live_verdict_profile ON live_verdict (profile);

CREATE TABLE override (
    segment text NOT NULL,
    profile text COLLATE "C" NOT NULL,
    included boolean NOT NULL,
    reason text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (segment, profile)
);
CREATE INDEX override_profile ON override (profile);

CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at timestamptz NOT NULL,
    source text NOT NULL,                  -- stream and entry id, or the follower
    profile text COLLATE "C",              -- where it could be read
    code text NOT NULL,                    -- broken | future | failed | refused
    reason text NOT NULL,                  -- never repeats a value
    payload bytea NOT NULL,                -- as it came; sealed where keys are configured
    sealed boolean NOT NULL,
    replayed_at timestamptz
);
CREATE INDEX dead_letter_profile ON dead_letter (profile) WHERE profile IS NOT NULL;
CREATE UNIQUE INDEX dead_letter_source ON dead_letter (source);

-- Whoever was erased, as a keyed hash, so that a late event cannot bring them back.
CREATE TABLE suppression (
    hash bytea PRIMARY KEY,
    at timestamptz NOT NULL
);

-- Small facts that belong to the database: secrets of hashing, the number of the index generation.
CREATE TABLE fact (
    name text PRIMARY KEY,
    value text NOT NULL
);
