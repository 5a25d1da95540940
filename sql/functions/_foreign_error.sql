create or replace function tide._foreign_error(outbox text, what text) returns void
language plpgsql
as $$
begin
  raise exception 'outbox "%" was restored into another cluster: %', outbox, what
    using errcode = 'TD002',
      detail = 'Transaction ids start afresh in another cluster, so a position taken in the old one says nothing here.',
      hint = format('Run "SELECT tide.outbox_rebase(%L)" once, to give messages and positions ids of this cluster.', outbox);
end $$;
comment on function tide._foreign_error(text, text) is
  'Raises TD002: transaction ids of another cluster.';
