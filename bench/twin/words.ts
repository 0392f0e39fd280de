/** The texts of the twin's pages, looked up one by one as the portal does. */
export const WORDS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    skip: 'Skip to main content',
    signIn: 'Sign in',
    email: 'Email',
    password: 'Password',
    forgotten: 'Forgot your password?',
    help: 'Help with 2FA',
    need: 'Need help? Ask the administrator.',
    profile: 'My Profile',
    two: 'Your 2FA',
    lead: 'Two-factor authentication is optional here. With it, a stolen password is not enough to sign in.',
    appTitle: 'Authentication App',
    appLead:
      'An app on your phone or computer shows a new code every 30 seconds. It works without a network. We recommend it.',
    emailTitle: 'Email Authentication',
    emailLead: 'We send a code to your email address each time you sign in. Use it if you cannot use an app.',
    none: 'None set up yet.',
    edit: 'Edit',
    setApp: 'Set up authentication app',
    setEmail: 'Set up email authentication',
    sessions: 'Your sessions',
    code: 'Verification Code',
    go: 'Continue',
    out: 'Sign out',
  }),
);
