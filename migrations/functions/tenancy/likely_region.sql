-- for: owner
-- Where people of this time zone and language most likely dial; settings can say otherwise.
create or replace function app.likely_region(p_timezone text, p_locale text) returns text
  language sql immutable parallel safe
  set search_path = pg_catalog, pg_temp
  return coalesce(
    (select region from (values
      ('Europe/Paris', 'FR'), ('Europe/London', 'GB'), ('Europe/Dublin', 'IE'), ('Europe/Brussels', 'BE'),
      ('Europe/Zurich', 'CH'), ('Europe/Luxembourg', 'LU'), ('Europe/Monaco', 'MC'), ('Europe/Berlin', 'DE'),
      ('Europe/Vienna', 'AT'), ('Europe/Amsterdam', 'NL'), ('Europe/Madrid', 'ES'), ('Europe/Lisbon', 'PT'),
      ('Europe/Rome', 'IT'), ('Europe/Copenhagen', 'DK'), ('Europe/Stockholm', 'SE'), ('Europe/Oslo', 'NO'),
      ('Europe/Helsinki', 'FI'), ('Europe/Warsaw', 'PL'), ('Europe/Prague', 'CZ'), ('Europe/Budapest', 'HU'),
      ('Europe/Athens', 'GR'), ('Europe/Bucharest', 'RO'), ('Europe/Sofia', 'BG'), ('Europe/Istanbul', 'TR'),
      ('America/Toronto', 'CA'), ('America/Vancouver', 'CA'), ('America/Montreal', 'CA'), ('America/Halifax', 'CA'),
      ('America/Edmonton', 'CA'), ('America/Winnipeg', 'CA'), ('America/Regina', 'CA'), ('America/St_Johns', 'CA'),
      ('America/New_York', 'US'), ('America/Chicago', 'US'), ('America/Denver', 'US'), ('America/Phoenix', 'US'),
      ('America/Los_Angeles', 'US'), ('America/Anchorage', 'US'), ('America/Detroit', 'US'), ('Pacific/Honolulu', 'US'),
      ('America/Mexico_City', 'MX'), ('America/Sao_Paulo', 'BR'), ('America/Argentina/Buenos_Aires', 'AR'),
      ('Africa/Casablanca', 'MA'), ('Africa/Algiers', 'DZ'), ('Africa/Tunis', 'TN'), ('Africa/Dakar', 'SN'),
      ('Africa/Abidjan', 'CI'), ('Africa/Lagos', 'NG'), ('Africa/Nairobi', 'KE'), ('Africa/Johannesburg', 'ZA'),
      ('Asia/Dubai', 'AE'), ('Asia/Jerusalem', 'IL'), ('Asia/Kolkata', 'IN'), ('Asia/Singapore', 'SG'),
      ('Asia/Hong_Kong', 'HK'), ('Asia/Tokyo', 'JP'), ('Pacific/Auckland', 'NZ'), ('Indian/Reunion', 'RE'),
      ('America/Martinique', 'MQ'), ('America/Guadeloupe', 'GP'), ('America/Cayenne', 'GF'),
      ('Pacific/Noumea', 'NC'), ('Pacific/Tahiti', 'PF')) as zones (zone, region)
     where zone = p_timezone),
    case when p_timezone like 'Australia/%' then 'AU' when p_locale = 'fr' then 'FR' else 'GB' end);
