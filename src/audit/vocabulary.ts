import type { AuditEvent, AuditEventName } from './audit.ts';

/** The names of the OWASP Application Logging Vocabulary that the log uses, and how loud they are. */
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

/**
 * By which name an event is in the log. The vocabulary knows no second step: what is asked for besides the password is a
 * part of the login, a code or link that goes out is a token, and an authenticator belongs to its user.
 */
export const LOG_EVENT_OF: Readonly<Record<AuditEventName, LogEventName>> = {
  'setup.completed': 'user_created',
  'sign-in.password-accepted': 'session_created',
  'sign-in.password-refused': 'authn_login_fail',
  'sign-in.throttled': 'authn_login_fail_max',
  'sign-in.completed': 'authn_login_success',
  'sign-out': 'session_expired',
  'second-step.refused': 'authn_login_fail',
  'second-step.throttled': 'authn_login_fail_max',
  'second-step.code-sent': 'authn_token_created',
  'second-step.code-not-sent': 'authn_token_revoked',
  'second-step.blocked': 'authn_login_lock',
  'step-up.completed': 'session_renewed',
  'step-up.refused': 'authn_login_fail',
  'authenticator.created': 'user_updated',
  'authenticator.renamed': 'user_updated',
  'authenticator.removed': 'user_updated',
  'authenticator.replaced': 'user_updated',
  'authenticator.preferred': 'user_updated',
  'two-factor.reset': 'authz_admin',
  'two-factor.put-off': 'user_updated',
  'two-factor.enforced': 'authz_admin',
  'two-factor.enforcement-lifted': 'authz_admin',
  'two-factor.reminded': 'authz_admin',
  'authenticators.freed': 'authz_admin',
  'reset-request.made': 'user_updated',
  'reset-request.throttled': 'excess_rate_limit_exceeded',
  'reset-request.cancelled': 'user_updated',
  'reset-request.approved': 'authz_admin',
  'reset-request.refused': 'authz_admin',
  'reset-request.carried-out': 'authz_admin',
  'recovery-codes.created': 'authn_token_created',
  'recovery-code.used': 'authn_token_revoked',
  'recovery-code.refused': 'authn_login_fail',
  'trusted-browser.added': 'authn_token_created',
  'trusted-browser.removed': 'authn_token_revoked',
  'trusted-browser.replayed': 'authn_token_reuse',
  'session.ended': 'session_expired',
  'password.changed': 'authn_password_change',
  'password.reset-requested': 'authn_token_created',
  'password.reset': 'authn_password_change',
  'email.change-requested': 'user_updated',
  'email.changed': 'user_updated',
  'name.changed': 'user_updated',
  'language.changed': 'user_updated',
  'sign-up.requested': 'authn_token_created',
  'links.throttled': 'excess_rate_limit_exceeded',
  'account.invited': 'authn_token_created',
  'account.created': 'user_created',
  'account.imported': 'user_created',
  'account.disabled': 'user_archived',
  'account.enabled': 'authz_change',
  'account.role-changed': 'authz_change',
  'account.sessions-ended': 'session_expired',
  'policy.changed': 'authz_admin',
  'group.created': 'authz_admin',
  'group.changed': 'authz_admin',
  'group.removed': 'authz_admin',
  'group.member-added': 'authz_admin',
  'group.member-removed': 'authz_admin',
  'keys.rotated': 'authz_admin',
  'backup.restored': 'authz_admin',
  'audit.pruned': 'sensitive_delete',
  'access.denied': 'authz_fail',
};

/** A code that could not go out is void; where it was asked for too soon, there was none. */
export function logEventOf({ event, detail }: AuditEvent): LogEventName {
  const isTooSoon = event === 'second-step.code-not-sent' && detail['outcome'] === 'wait';
  return isTooSoon ? 'excess_rate_limit_exceeded' : LOG_EVENT_OF[event];
}

/** Facts that are words of ours or numbers. The others are what somebody has typed, and stay in the audit log. */
const FACTS = ['method', 'purpose', 'outcome', 'fault', 'failures', 'factors', 'role', 'sessions'] as const;

/** What the log says of an event: ids in the place of names and addresses, for a password may stand where an address should. */
export function logFactsOf(event: AuditEvent): Readonly<Record<string, string | null>> {
  const facts = FACTS.flatMap((fact) => {
    const value = event.detail[fact];
    return value === undefined ? [] : [[fact, value] as const];
  });
  return {
    event: logEventOf(event),
    audit: event.event,
    person: event.subjectId,
    by: event.actorId,
    address: event.address,
    requestId: event.requestId,
    ...Object.fromEntries(facts),
  };
}
