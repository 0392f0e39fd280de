/** The names of the OWASP Application Logging Vocabulary that the log uses, with their levels. */
export const LOG_EVENTS = {
  authn_login_success: 'info',
  authn_login_fail: 'warn',
  authn_login_fail_max: 'warn',
  authn_login_lock: 'warn',
  authn_password_change: 'info',
  authn_token_created: 'info',
  authn_token_revoked: 'info',
  authn_token_reuse: 'warn',
  authz_fail: 'warn',
  authz_change: 'warn',
  authz_admin: 'warn',
  excess_rate_limit_exceeded: 'warn',
  input_validation_fail: 'warn',
  malicious_cors: 'warn',
  sensitive_delete: 'warn',
  session_created: 'info',
  session_renewed: 'info',
  session_expired: 'info',
  sys_startup: 'info',
  sys_shutdown: 'info',
  sys_crash: 'fatal',
  user_created: 'warn',
  user_updated: 'info',
  user_archived: 'warn',
} as const satisfies Readonly<Record<string, 'info' | 'warn' | 'fatal'>>;

export type LogEventName = keyof typeof LOG_EVENTS;

export const SIGN_IN_OUTCOMES = ['password_accepted', 'password_refused', 'throttled', 'completed'] as const;
export const SECOND_STEP_OUTCOMES = ['accepted', 'refused', 'throttled', 'blocked'] as const;
export const THROTTLED = ['password', 'second_step', 'code_mail', 'link_mail', 'reset_request'] as const;

/** What an event adds to the counters of `metrics/`, as values of their labels. */
export interface EventCounts {
  readonly signIn?: (typeof SIGN_IN_OUTCOMES)[number];
  /** The method is in the details. A code that sets something up does not count. */
  readonly secondStep?: (typeof SECOND_STEP_OUTCOMES)[number];
  readonly recoveryCode?: (typeof SECOND_STEP_OUTCOMES)[number];
  readonly throttled?: (typeof THROTTLED)[number];
}

/** What the log, the counters and the audit log do with an event. */
export interface EventMeaning {
  readonly log: LogEventName;
  readonly counts?: EventCounts;
  /** Refused by a rate limit before its content was checked: repeats are counted, so that they cannot fill the audit log. */
  readonly isRateLimited?: true;
}

interface EventDefinition extends EventMeaning {
  /** What it means with certain details. */
  readonly variant?: EventMeaning & {
    readonly applies: (details: Readonly<Record<string, string>>) => boolean;
  };
}

/**
 * Every event of the audit log; each has its words in the catalogues under `audit.<name>`. The OWASP vocabulary has no
 * second step: what is asked for besides the password is part of the login, a code or link that goes out is a token, and
 * an authenticator belongs to its user.
 */
export const EVENTS = {
  'setup.completed': { log: 'user_created' },
  'sign-in.password-accepted': { log: 'session_created', counts: { signIn: 'password_accepted' } },
  'sign-in.password-refused': { log: 'authn_login_fail', counts: { signIn: 'password_refused' } },
  'sign-in.throttled': {
    log: 'authn_login_fail_max',
    counts: { signIn: 'throttled', throttled: 'password' },
    isRateLimited: true,
  },
  'sign-in.completed': { log: 'authn_login_success', counts: { signIn: 'completed' } },
  'sign-out': { log: 'session_expired' },
  'second-step.refused': { log: 'authn_login_fail', counts: { secondStep: 'refused' } },
  'second-step.throttled': {
    log: 'authn_login_fail_max',
    counts: { secondStep: 'throttled', throttled: 'second_step' },
    isRateLimited: true,
  },
  'second-step.code-sent': { log: 'authn_token_created' },
  'second-step.code-not-sent': {
    log: 'authn_token_revoked',
    // The code is void. Asked for too soon, there was none.
    variant: {
      applies: ({ outcome }) => outcome === 'wait',
      log: 'excess_rate_limit_exceeded',
      counts: { throttled: 'code_mail' },
      isRateLimited: true,
    },
  },
  'second-step.blocked': { log: 'authn_login_lock', counts: { secondStep: 'blocked' } },
  'step-up.completed': { log: 'session_renewed' },
  'step-up.refused': {
    log: 'authn_login_fail',
    // The same password as at the sign-in. Only a refused code has a fault.
    counts: { signIn: 'password_refused' },
    variant: {
      applies: ({ fault }) => fault !== undefined,
      log: 'authn_login_fail',
      counts: { secondStep: 'refused' },
    },
  },
  'authenticator.created': { log: 'user_updated' },
  'authenticator.renamed': { log: 'user_updated' },
  'authenticator.removed': { log: 'user_updated' },
  'authenticator.replaced': { log: 'user_updated' },
  'authenticator.preferred': { log: 'user_updated' },
  'two-factor.reset': { log: 'authz_admin' },
  'two-factor.put-off': { log: 'user_updated' },
  'two-factor.enforced': { log: 'authz_admin' },
  'two-factor.enforcement-lifted': { log: 'authz_admin' },
  'two-factor.reminded': { log: 'authz_admin' },
  'authenticators.freed': { log: 'authz_admin' },
  'reset-request.made': { log: 'user_updated' },
  'reset-request.throttled': {
    log: 'excess_rate_limit_exceeded',
    counts: { throttled: 'reset_request' },
    isRateLimited: true,
  },
  'reset-request.cancelled': { log: 'user_updated' },
  'reset-request.approved': { log: 'authz_admin' },
  'reset-request.refused': { log: 'authz_admin' },
  'reset-request.carried-out': { log: 'authz_admin' },
  'recovery-codes.created': { log: 'authn_token_created' },
  'recovery-code.used': { log: 'authn_token_revoked', counts: { recoveryCode: 'accepted' } },
  'recovery-code.refused': { log: 'authn_login_fail', counts: { recoveryCode: 'refused' } },
  'trusted-browser.added': { log: 'authn_token_created' },
  'trusted-browser.removed': { log: 'authn_token_revoked' },
  'trusted-browser.replayed': { log: 'authn_token_reuse' },
  'session.ended': { log: 'session_expired' },
  'password.changed': { log: 'authn_password_change' },
  'password.reset-requested': { log: 'authn_token_created' },
  'password.reset': { log: 'authn_password_change' },
  'email.change-requested': { log: 'user_updated' },
  'email.changed': { log: 'user_updated' },
  'email.confirmed': { log: 'user_updated' },
  'email.confirmation-refused': { log: 'authn_login_fail', counts: { secondStep: 'refused' } },
  'name.changed': { log: 'user_updated' },
  'language.changed': { log: 'user_updated' },
  'sign-up.requested': { log: 'authn_token_created' },
  'links.throttled': {
    log: 'excess_rate_limit_exceeded',
    counts: { throttled: 'link_mail' },
    isRateLimited: true,
  },
  'account.invited': { log: 'authn_token_created' },
  'account.created': { log: 'user_created' },
  'account.imported': { log: 'user_created' },
  'account.disabled': { log: 'user_archived' },
  'account.enabled': { log: 'authz_change' },
  'account.role-changed': { log: 'authz_change' },
  'account.sessions-ended': { log: 'session_expired' },
  'policy.changed': { log: 'authz_admin' },
  'policy.change-asked': { log: 'authz_admin' },
  'policy.change-cancelled': { log: 'authz_admin' },
  'group.created': { log: 'authz_admin' },
  'group.changed': { log: 'authz_admin' },
  'group.removed': { log: 'authz_admin' },
  'group.member-added': { log: 'authz_admin' },
  'group.member-removed': { log: 'authz_admin' },
  'app.created': { log: 'authz_admin' },
  'app.updated': { log: 'authz_admin' },
  'app.removed': { log: 'authz_admin' },
  'signing-keys.rotated': { log: 'authz_admin' },
  'app.secret-rotated': { log: 'authz_admin' },
  'app.consent-given': { log: 'authz_change' },
  'app.consent-withdrawn': { log: 'authz_change' },
  'app.secret-ended': { log: 'authz_admin' },
  'app.signed-in': { log: 'session_created' },
  'app.logout-failed': { log: 'authn_token_revoked' },
  'keys.rotated': { log: 'authz_admin' },
  'backup.restored': { log: 'authz_admin' },
  'audit.pruned': { log: 'sensitive_delete' },
  'access.denied': { log: 'authz_fail' },
} as const satisfies Readonly<Record<string, EventDefinition>>;

export type AuditEventName = keyof typeof EVENTS;

export const AUDIT_EVENTS = Object.keys(EVENTS) as readonly AuditEventName[];

/** What an event with these details means. */
export function meaningOf({
  event,
  detail,
}: {
  readonly event: AuditEventName;
  readonly detail: Readonly<Record<string, string>>;
}): EventMeaning {
  const definition: EventDefinition = EVENTS[event];
  return definition.variant?.applies(detail) ? definition.variant : definition;
}
