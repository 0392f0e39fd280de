import { errors, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider';
import type { Judgement } from './judgement.ts';

const { Check, Prompt } = interactionPolicy;

type JudgementOf = (ctx: KoaContextWithOIDC) => Judgement | undefined;

/** The errors of OpenID Connect Core 1.0 §3.1.2.6 that a request with `prompt=none` gets. */
const ERRORS = {
  'signed out': ['login_required', 'nobody is signed in'],
  'proof missing': ['login_required', 'more proof of who the person is is needed'],
  denied: ['access_denied', 'the person may not use this app'],
  'consent missing': ['consent_required', 'the person has not agreed to what the app asks for'],
} as const satisfies Readonly<Partial<Record<Judgement['kind'], readonly [string, string]>>>;

/**
 * When the person has to be asked something, and what a client is told that forbids it. Everything is decided by `judge`; here it
 * is put into the provider's words. "select_account" is allowed and changes nothing: one person is signed in, or nobody.
 */
export function policyOf(judgementOf: JudgementOf): InstanceType<typeof interactionPolicy.Prompt>[] {
  const check = (kind: keyof typeof ERRORS) => {
    const [error, description] = ERRORS[kind];
    return new Check(kind.replaceAll(' ', '_'), description, error, (ctx) => kindOf(ctx) === kind);
  };
  const kindOf = (ctx: KoaContextWithOIDC) => judgementOf(ctx)?.kind ?? 'signed out';
  const reachable = new Check('reachable', 'refused without a question', (ctx) => refuseAtOnce(kindOf(ctx)));
  return [
    requestable('login', reachable, check('signed out'), check('proof missing'), check('denied')),
    requestable('consent', check('consent missing')),
    requestable('select_account'),
  ];
}

/** A prompt without the provider's own check, which is "the client has named it": `judge` knows the prompts. */
function requestable(name: string, ...checks: InstanceType<typeof interactionPolicy.Check>[]) {
  const prompt = new Prompt({ name, requestable: true });
  prompt.checks.clear();
  for (const check of checks) prompt.checks.add(check);
  return prompt;
}

/** What no page could change is said to the client at once. */
function refuseAtOnce(kind: Judgement['kind']): boolean {
  if (kind === 'unmet') {
    throw new errors.UnmetAuthenticationRequirements('the person cannot meet the essential acr');
  }
  if (kind === 'another person') {
    throw new errors.LoginRequired('somebody else is signed in than the one the request is about');
  }
  return false;
}
