import { POSTGRESQL } from '../../support/databases.ts';
import { demands } from './demands.ts';
import { ends } from './ends.ts';
import { profile } from './profile.ts';
import { refusesRequests } from './refused-requests.ts';
import { useOpenIdSite } from './site.ts';
import { spendsTokensOnce } from './tokens.ts';

describe(`openid-client, on ${POSTGRESQL.name}`, () => {
  const site = useOpenIdSite(POSTGRESQL);

  profile(site);
  refusesRequests(site);
  spendsTokensOnce(site);
  demands(site);
  ends(site);
});
