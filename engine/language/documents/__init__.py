"""One model for each kind of document: what authors may write, key by key."""
