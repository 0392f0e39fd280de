import { isLoopback } from '../kernel/loopback.ts';
import type { Config } from './config.ts';

/** Warnings for the operator at each start: what is allowed, but not safe on a reachable network. */
export function risksOf({ baseUrl, smtpUrl }: Pick<Config, 'baseUrl' | 'smtpUrl'>): readonly string[] {
  if (isLoopback(baseUrl)) return [];
  const risks: string[] = [];
  if (baseUrl.startsWith('http:')) {
    risks.push(
      `BASE_URL: ${baseUrl} is not encrypted. Passwords, codes and cookies can be read and changed in transit. Put an https proxy in front, and set BASE_URL to https://.`,
    );
  }
  if (smtpUrl === undefined) {
    risks.push(
      'SMTP_URL: not set. No mail is sent; its codes and links are written to this log and to DATA_DIR/outbox. Set a mail server.',
    );
  }
  return risks;
}
