import assert from 'node:assert/strict';
import { load } from 'cheerio';
import type { Browser } from 'playwright-core';
import { CLOSE, OPEN, outsideTexts, PSEUDO, pseudoWords } from '../support/pseudo-locale.ts';
import { isInline, type Node } from '../support/visible-text.ts';
import { misfits } from './layout.ts';
import { allStates } from './states/all.ts';
import { LONG } from './states/long-words.ts';
import type { State } from './states/studio.ts';
import { launchChromium, Viewer } from './viewer.ts';

const WORDS = pseudoWords();

/** Text on pages that is not from the catalogue: made up by the scenes, or written by machines. */
const DATA: readonly RegExp[] = [
  /\S+@\S+/,
  ...Object.values(LONG).map((text) => new RegExp(escaped(text))),
  /\b(Ada Admin|Ann Example|Bob Example|Cole League|Dora Disabled|Hana Home|Hugo Help|Mo Moves|Nora New|Paul Pending)\b/,
  /\b(Pia Newname|Rita Request|Sam Second|Una Unlucky|Vera Several|Person \d+)\b/,
  /\b(Amy Agent|Ben Busy|Dan Daily|Enno Enforced|Lia Lift|Maya Mail|Mel Mail|Olaf Off|Polly Policy)\b/,
  /\b(451|550) Not today\b/,
  /\b(Busy agents|Agents|Mail only|Nobody yet|Night shift of the very long corridor in the old building)\b/,
  /\b(Help Center|Phone book|Phone|Work mail|Room 5|Lynx|Firefox, Linux)\b/,
  /\b(Team wiki|Payroll|Tickets|upstream\.conf|Ticket desk|Wiki of the team|Wiki readers|Nils Newcomer|Apps|Away|Board|Mails)\b/,
  /\b(Partner shop|Partner desk|Partners and|Spare parts|Library|Cora Consents|Lou Leaves)\b/,
  // The id of an account.
  /\b[\da-v]{26}\b/,
  /(https:\/\/)?[\w-]+\.example\.net\b\S*/,
  // What a check of an app's address has met, in the words of Node.
  /\bhttp:\/\/127\.0\.0\.1:1\b|\bbad port\b/,
  // Proxies, and their files in deploy/guard.
  /\b(nginx\.conf|nginx|Caddyfile|Caddy|Traefik|HAProxy|Apache|traefik\.yaml|haproxy\.cfg|apache\.conf|(haproxy|apache)-postern\.lua)\b/,
  // What the provider says of a refused request, in English as in the log.
  /\btoken: invalid_client\b|\bclient authentication failed: invalid secret provided\b/,
  // Apps that speak a protocol: their names and documents, what they are told, and what is pasted into them.
  /\b(BookStack|Deskpro|Discourse(Connect)?|GitLab|GLPI|MediaWiki|Nextcloud|Odoo|osTicket|Redmine|Zammad|Zendesk|Help Scout Docs)\b/,
  /\b(docs\/apps\/)?[a-z-]+\.md\b|\bhttp:\/\/localhost:3000\/\S*/,
  /\b(RS256|ES256|HS256|HS512|HMAC-SHA256|JWT|client_secret_(basic|post)|none|openid email profile groups)\b/,
  /\b[\da-z]{26}\b|^[\w-]{43}$|Wolfeschlegelsteinhausenbergerdorffs-Die 2/,
  /My phone fell into a lake\.|I have no other\.|Called back on the number that we have on file\./,
  /Not reached in three days\./,
  // Languages are named in themselves.
  ...WORDS.locales.map(({ name }) => new RegExp(`^${escaped(name)}$`)),
  // Dates and times, recovery codes, keys, the lines of an example.
  /\b[A-Z][a-z]+\s\d{1,2},\s\d{4}( at \d\d:\d\d UTC)?/,
  /\b[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}\b/,
  /\b[A-Z2-7]{4}( [A-Z2-7]{4}){7}\b/,
  /email,name(,role)?/,
];

/** Attributes that are spoken or shown, or that the script shows. */
const READ = /^(alt|title|placeholder|label|aria-label|aria-description|data-[a-z-]*(label|text|done))$/;

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

describe('In an artificial language, every page in every state', () => {
  let states: readonly State[];

  before(async () => {
    ({ states } = await allStates({ language: PSEUDO, words: WORDS }));
  });

  it('takes its visible and spoken text from the catalogue', () => {
    const hardWired = states.flatMap(({ name, html }) =>
      textsOf(html)
        .flatMap(outsideTexts)
        .filter((text) => /\p{L}/u.test(withoutData(text)))
        .map((text) => `${name}: ${text}`),
    );
    assert.deepEqual(hardWired, []);
  });

  it('has whole sentences, none assembled from texts', () => {
    const broken = states.flatMap(({ name, html }) => putTogether(html).map((text) => `${name}: ${text}`));
    assert.deepEqual(broken, []);
  });

  describe('in Chromium', () => {
    let browser: Browser;
    before(async () => {
      browser = await launchChromium({ draws: false });
    });
    after(() => browser?.close());

    it('fits on 320 px with texts a third longer, with nothing cut off', async () => {
      const viewer = await Viewer.open(browser, { viewport: { width: 320, height: 640 } });
      const found: string[] = [];
      for (const state of states) {
        await viewer.shows(state);
        for (const misfit of await misfits(viewer.page)) found.push(`${state.name}: ${misfit}`);
      }
      assert.deepEqual(found, []);
    });
  });
});

/** All text of a page: its title, its text and spoken attributes. Initials and typed values are data. */
function textsOf(html: string): string[] {
  const $ = load(html);
  $('script, style, .avatar, textarea, pre').remove();
  const attributes = $('*')
    .toArray()
    .flatMap((element) => Object.entries('attribs' in element ? element.attribs : {}))
    .filter(([name]) => READ.test(name))
    .map(([, value]) => value);
  const options = $('option')
    .toArray()
    .map((option) => $(option).text());
  $('select').remove();
  return [$('head title').text(), $('body').text(), ...options, ...attributes];
}

function withoutData(text: string): string {
  return DATA.reduce(
    (rest, pattern) => rest.replace(new RegExp(pattern, `${pattern.flags}g`), ''),
    text.trim(),
  );
}

/** The blocks in which one text is beside another: their order would be that of English in every language. */
function putTogether(html: string): string[] {
  const $ = load(html);
  return $('body *')
    .toArray()
    .filter((element) => !isInline(element) || $(element).is('a, button, label'))
    .filter((element) => {
      const texts = textsIn(element.children, 'bare');
      return texts.length > 1 && texts.includes('bare');
    })
    .map((element) => $(element).text().replace(/\s+/g, ' ').trim());
}

/** The start of each text of a block: "bare" in the block itself, or in its own element. Signs are kept as they are. */
function textsIn(nodes: readonly Node[], where: 'bare' | 'own element'): ('bare' | 'own element')[] {
  let depth = 0;
  return nodes.flatMap((node) => {
    if (node.type === 'text') {
      const texts: (typeof where)[] = [];
      for (const letter of node.data) {
        if (letter === OPEN && depth++ === 0) texts.push(where);
        if (letter === CLOSE) depth--;
      }
      return texts;
    }
    if (depth > 0 || !('attribs' in node) || !isInline(node) || isSign(node)) return [];
    return textsIn(node.children, 'own element');
  });
}

/** The word before a banner's sentence, and a badge. */
function isSign({ name, attribs }: Extract<Node, { attribs: object }>): boolean {
  return name === 'strong' || attribs['class']?.split(' ').includes('badge') === true;
}
