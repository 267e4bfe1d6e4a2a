-- migrate:up
-- Reviewers are asked what became of mail that a server may have taken: they may answer.
insert into app.role_permissions (role, permission) values ('reviewer', 'resolve_outbox');

-- migrate:down
delete from app.role_permissions where role = 'reviewer' and permission = 'resolve_outbox';
