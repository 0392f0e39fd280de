import type { LetterWriter } from '../post/letter.ts';
import type { Message } from '../post/post.ts';
import type { Settings, SettingsStore } from '../settings/settings.ts';
import type { Clock } from '../time.ts';
import type { Words } from '../words.ts';
import { writeLetter } from './letters.ts';
import { oneLine } from './plain-text.ts';

interface LetterWriterServices {
  readonly words: Words;
  readonly settings: SettingsStore;
  /** The public origin, on which every link is built. */
  readonly baseUrl: string;
  /** The sender, until an administrator sets another. Without a name the site's name is shown. */
  readonly mailFrom: { readonly name: string; readonly address: string };
  readonly clock: Clock;
}

/** Writes letters as the settings are at that moment. */
export function letterWriter(services: LetterWriterServices): LetterWriter {
  const { words, baseUrl, clock } = services;
  return {
    async write(id, to, message) {
      const settings = await services.settings.read();
      const translator = words.for(words.choose(undefined, to.locale));
      const written = await writeLetter(message, { translator, settings, baseUrl, to });
      const from = sender(settings, services.mailFrom);
      const language = translator.locale;
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
