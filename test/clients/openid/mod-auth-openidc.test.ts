import { SQLITE } from '../../support/databases.ts';
import { OPENID_APACHE, REQUEST_TRACKER } from './request-tracker.ts';
import { signsIn } from './signs-in.ts';

signsIn(REQUEST_TRACKER, OPENID_APACHE, SQLITE);
