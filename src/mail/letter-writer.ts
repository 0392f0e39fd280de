import type { Words } from '../kernel/i18n.ts';
import type { Clock } from '../kernel/time.ts';
import { bind, type Transaction } from '../kernel/transaction.ts';
import type { Settings, SettingsStore } from '../settings/settings.ts';
import type { LetterWriter } from './letter.ts';
import { letterLanguages } from './letter-language.ts';
import { writeLetter } from './letters.ts';
import { kindOf } from './mail.ts';
import type { Message } from './message.ts';
import { oneLine } from './plain-text.ts';

interface LetterWriterServices {
  readonly words: Words;
  readonly settings: SettingsStore;
  /** The public origin; every link begins with it. */
  readonly baseUrl: string;
  /** The sender, unless the settings have another. Without a name the site's name is shown. */
  readonly mailFrom: { readonly name: string; readonly address: string };
  readonly clock: Clock;
}

/** Writes letters by the current settings. */
export function letterWriter(services: LetterWriterServices): LetterWriter {
  const { words, baseUrl, clock } = services;
  return {
    in: (tx: Transaction) => letterWriter(bind(services, tx)),
    async write(id, to, message, actor) {
      const settings = await services.settings.read();
      const sending = { to, kind: kindOf(message), actor, site: settings.language };
      const language = words.firstOf(letterLanguages(sending));
      const translator = words.for(language, settings.timeZone);
      const written = await writeLetter(message, { translator, settings, baseUrl, to });
      const from = sender(settings, services.mailFrom);
      return { ...written, id, from, to: to.email, language, date: clock(), secret: secretIn(message) };
    },
  };
}

function sender(settings: Settings, fallback: LetterWriterServices['mailFrom']) {
  const address = settings.sender === '' ? fallback.address : settings.sender;
  const name = settings.sender === '' && fallback.name !== '' ? fallback.name : settings.siteName;
  return { name: oneLine(name), address };
}

function secretIn(message: Message): string | null {
  if ('code' in message) return message.code;
  return 'token' in message ? message.token : null;
}
