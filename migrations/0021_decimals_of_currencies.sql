-- migrate:up
-- An amount is kept in the minor units of the tenant's currency, by ISO 4217. Until now programs wrote hundredths of
-- any currency. Histories, which nobody rewrites, keep the hundredths they were given.
-- lint:allow backfill: tenants of such currencies only, of which there are hardly any
update crm.leads l
   set estimated_value = case
     when t.currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then l.estimated_value * 10
     when t.currency in ('CLF', 'UYW') then l.estimated_value * 100
     else l.estimated_value / 100 end
  from crm.tenants t
 where t.id = l.tenant_id and l.estimated_value is not null
   and t.currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                      'XAF', 'XOF', 'XPF', 'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND', 'CLF', 'UYW');

-- migrate:down
-- lint:allow backfill: tenants of such currencies only, of which there are hardly any
update crm.leads l
   set estimated_value = case
     when t.currency in ('BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND') then l.estimated_value / 10
     when t.currency in ('CLF', 'UYW') then l.estimated_value / 100
     else l.estimated_value * 100 end
  from crm.tenants t
 where t.id = l.tenant_id and l.estimated_value is not null
   and t.currency in ('BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'UYI', 'VND', 'VUV',
                      'XAF', 'XOF', 'XPF', 'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND', 'CLF', 'UYW');
