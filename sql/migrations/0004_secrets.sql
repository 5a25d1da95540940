-- Secrets that pipelines refer to as ${secret:NAME}: what stands here is encrypted, and the keys are
-- never here.
create table tide.secret (
  name       text        primary key,
  key_id     text        not null,
  ciphertext bytea       not null,
  set_at     timestamptz not null default now()
);
comment on table tide.secret is 'Secrets that pipelines refer to, encrypted by pg-tide before they came here.';
comment on column tide.secret.key_id is 'What the key is known by that encrypted it; tells nothing of the key.';
comment on column tide.secret.ciphertext is 'AES-256-GCM: 12 bytes of nonce, the value, 16 bytes of tag. Good for this name alone.';
