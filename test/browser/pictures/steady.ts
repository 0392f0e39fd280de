import { type CheerioAPI, load } from 'cheerio';
import { drawAsImage, drawAsText } from '../../../src/two-factor/methods/app/qr-code.ts';
import type { State } from '../states/studio.ts';

const KEY = 'JBSW Y3DP EHPK 3PXP 2345 ABCD EFGH IJKL'.split(' ');
const URI = `otpauth://totp/Help%20Center:tess%40example.org?secret=${KEY.join('')}&issuer=Help%20Center`;
const REQUEST = '0190f5a4-6f3c-7a2e-9b1d-5c8e2f7a4d10';

/** The state with examples instead of random values, so that its picture is the same each time. */
export async function steady(state: State): Promise<State> {
  const $ = load(state.html);
  $('.recovery-codes code').each((index, code) => {
    $(code).text(`${String(index).repeat(4)}-EFGH-JKMN-PQRS`);
  });
  $('.setup-key code span').each((index, group) => {
    $(group).text(KEY[index % KEY.length] ?? '');
  });
  $('.request-id code').text(REQUEST);
  await drawAgain($);
  return { ...state, html: $.html() };
}

async function drawAgain($: CheerioAPI): Promise<void> {
  const image = $('.qr img');
  if (image.length > 0) image.attr('src', await drawAsImage(URI));
  const drawings = $('.qr-text');
  if (drawings.length === 0) return;
  const { darkOnLight, lightOnDark } = await drawAsText(URI);
  drawings.eq(0).text(darkOnLight);
  drawings.eq(1).text(lightOnDark);
}
