-- The members of lists as rows: as one value of JSON, a list of millions is longer than PostgreSQL can search.

CREATE TABLE list_member (
    list text NOT NULL,                    -- the name in member_list
    profile text COLLATE "C" NOT NULL,
    PRIMARY KEY (list, profile)
);
INSERT INTO list_member (list, profile)
    SELECT DISTINCT name, each FROM member_list, json_array_elements_text(members) AS given (each);
CREATE INDEX list_member_profile ON list_member (profile);
ALTER TABLE member_list DROP COLUMN members;
