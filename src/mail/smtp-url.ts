import { InvalidValue } from '../kernel/invalid-value.ts';
import { HOW_TO_WRITE, refuseUnencoded } from '../kernel/url-encoding.ts';

/** nodemailer's parameters about TLS. It ignores any other, and the connection would not be as secure as intended. */
const TLS_PARAMETERS: readonly string[] = ['requireTLS', 'ignoreTLS', 'opportunisticTLS', 'secure'];

/**
 * The URL of a mail server as it stands; undefined for anything else.
 *
 * @throws InvalidValue if its name or password is not percent-encoded, or a parameter about TLS is mistyped
 */
export function parseSmtpUrl(text: string): string | undefined {
  if (!/^smtps?:\/\//i.test(text)) return undefined;
  refuseUnencoded(text);
  const url = URL.parse(text);
  if (url === null && text.includes('@')) throw new InvalidValue(HOW_TO_WRITE);
  if (url === null || url.hostname === '') return undefined;
  for (const name of url.searchParams.keys()) {
    const isKnown = TLS_PARAMETERS.includes(name) || name.startsWith('tls.');
    if (/tls|ssl|secure/i.test(name) && !isKnown)
      throw new InvalidValue(
        `no other TLS parameters than ${TLS_PARAMETERS.join(', ')}, tls.rejectUnauthorized`,
      );
  }
  return text;
}
