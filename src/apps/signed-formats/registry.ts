import type { SignedFormat } from '../signed-hand-over.ts';
import { deskpro } from './deskpro.ts';
import { discourse } from './discourse.ts';
import type { SignedFormatRules } from './format.ts';
import { helpScout } from './help-scout.ts';
import { zendesk } from './zendesk.ts';

/** The rules of each format. */
export const SIGNED_FORMAT_RULES: Readonly<Record<SignedFormat, SignedFormatRules>> = {
  zendesk,
  deskpro,
  'help-scout': helpScout,
  discourse,
};
