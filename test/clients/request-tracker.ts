import { execFile } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { identity } from '../support/servers.ts';
import { requireTool } from '../support/tools.ts';
import type { GuardedApp } from './app-proxies.ts';
import { TICKETS_HOST } from './names.ts';
import { documented } from './recipes.ts';

const run = promisify(execFile);

export const TICKET = 'The printer on floor 3 is on fire';

/** Where RT keeps everything that is of a test. */
interface Installation {
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Debian's Request Tracker with a database of its own (SQLite), configured as its page in docs/apps says; Apache starts it. One agent
 * may read the ticket that there is. `settings` come after the page's.
 */
export async function installRequestTracker(
  parent: string,
  agent: string,
  settings: readonly string[] = [],
): Promise<GuardedApp> {
  const folder = join(parent, 'rt');
  for (const name of ['', 'config.d', 'mason', 'sessions'])
    mkdirSync(join(folder, name), { recursive: true });
  const own = [
    "Set($rtname, 'example.org');",
    "Set($Organization, 'example.org');",
    "Set($DatabaseType, 'SQLite');",
    `Set($DatabaseName, '${join(folder, 'rt.sqlite')}');`,
    `$RT::MasonDataDir = '${join(folder, 'mason')}';`,
    `$RT::MasonSessionDir = '${join(folder, 'sessions')}';`,
    'Set($LogToSyslog, undef);',
    "Set($LogToSTDERR, 'warning');",
    "Set($MailCommand, 'testfile');",
  ];
  const file = join(folder, 'RT_SiteConfig.pm');
  writeFileSync(file, [...own, documented('request-tracker.md', 'perl'), ...settings, '1;', ''].join('\n'));
  const environment = { RT_SITE_CONFIG: file, RT_SITE_CONFIG_DIR: join(folder, 'config.d') };
  await fill({ folder, environment }, agent);
  const named = Object.entries(environment).map(([name, value]) => `FcgidInitialEnv ${name} ${value}`);
  const apache = [documented('request-tracker.md', 'apache'), ...named].join('\n');
  return { host: TICKETS_HOST, additions: { apache } };
}

async function fill({ folder, environment }: Installation, agent: string): Promise<void> {
  const options = { env: { ...process.env, ...environment }, cwd: folder };
  await run(requireTool('rt-setup-database-5'), ['--action', 'init', '--skip-create'], options);
  const script = join(folder, 'seed.pl');
  writeFileSync(script, seed(agent));
  await run('perl', [script], options);
  // Apache's workers are this user where it is started by root.
  const { uid, gid } = identity(['www-data']);
  if (uid === undefined || gid === undefined) return;
  for (const name of ['.', ...readdirSync(folder)]) chownSync(join(folder, name), uid, gid);
}

function seed(agent: string): string {
  return `use lib '/usr/share/request-tracker5/lib';
    use RT -init;
    my $agent = RT::User->new(RT->SystemUser);
    my ($ok, $why) = $agent->Create(Name => '${agent}', EmailAddress => '${agent}', RealName => 'Ann', Privileged => 1);
    die $why unless $ok;
    my $queue = RT::Queue->new(RT->SystemUser);
    $queue->Load('General');
    for my $right (qw(SeeQueue ShowTicket ReplyToTicket)) {
      ($ok, $why) = $agent->PrincipalObj->GrantRight(Object => $queue, Right => $right);
      die $why unless $ok;
    }
    my $ticket = RT::Ticket->new(RT->SystemUser);
    ($ok, undef, $why) = $ticket->Create(Queue => 'General', Subject => '${TICKET}',
      MIMEObj => MIME::Entity->build(Type => 'text/plain', Data => ['It is.']));
    die $why unless $ok;
  `;
}
