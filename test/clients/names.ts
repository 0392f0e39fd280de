/** The public names in deploy/, which stay as they are: the network of these tests knows where they are. */
export const PORTAL_HOST = 'account.example.org';
export const WIKI_HOST = 'wiki.example.org';
export const CALENDAR_HOST = 'calendar.example.org';
export const TICKETS_HOST = 'tickets.example.org';
export const LEMON_HOST = 'lemon.example.org';

export const HOSTS = [PORTAL_HOST, WIKI_HOST, CALENDAR_HOST, TICKETS_HOST, LEMON_HOST] as const;

export const WIKI = `https://${WIKI_HOST}`;
export const TICKETS = `https://${TICKETS_HOST}`;
