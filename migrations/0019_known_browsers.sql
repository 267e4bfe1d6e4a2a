-- migrate:up
-- Browsers from which somebody signed in: they are let in while strangers try the same account or address.

create table sec.known_browsers (
  digest bytea not null check (octet_length(digest) = 32),
  user_id uuid not null references sec.users,
  seen_at timestamptz not null default now(),
  primary key (digest, user_id)
);
create index known_browsers_user_idx on sec.known_browsers (user_id, seen_at);
create index known_browsers_age_idx on sec.known_browsers (seen_at);

-- migrate:down
drop table sec.known_browsers;
