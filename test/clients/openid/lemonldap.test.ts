import { SQLITE } from '../../support/databases.ts';
import { LEMONLDAP } from './lemonldap.ts';
import { signsIn } from './signs-in.ts';
import { TLS_FRONT } from './tls-front.ts';

signsIn(LEMONLDAP, TLS_FRONT, SQLITE);
