import type { Config } from './config.ts';
import { isLoopback } from './values.ts';

/** Warnings for the operator at each start: what is allowed, but not safe on a reachable network. */
export function risksOf({ baseUrl, smtpUrl }: Pick<Config, 'baseUrl' | 'smtpUrl'>): readonly string[] {
  if (isLoopback(baseUrl)) return [];
  const risks: string[] = [];
  if (baseUrl.startsWith('http:')) {
    risks.push(
      `BASE_URL: ${baseUrl} is not encrypted. Passwords, codes and cookies can be read and changed on their way. Put a proxy that speaks https in front, and write https:// here.`,
    );
  }
  if (smtpUrl === undefined) {
    risks.push(
      'SMTP_URL: it is not set. No mail is sent, and its codes and links stand in this log and in DATA_DIR/outbox. Name a mail server.',
    );
  }
  return risks;
}
