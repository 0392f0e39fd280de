import assert from 'node:assert/strict';
import { codeIn } from '../support/mailbox.ts';
import { Person } from '../support/person.ts';
import { onPortal, PASSWORD } from '../support/portal.ts';
import { signsIn } from '../support/steps.ts';
import { newEmail } from '../support/victim.ts';

const UNSEEN = 'There is an invisible character in the email address. Delete the address and enter it again.';

onPortal('An email address in another spelling', (portal) => {
  let email = '';
  let spelled = '';
  let ada: Person;

  beforeEach(async () => {
    email = newEmail('ann').replace('example.org', 'bücher.example');
    spelled = `\u200e${email.replace('bücher.example', 'XN--Bcher-KVA。example.')}\u200b`;
    ada = await signsIn(portal(), await administrator());
  });

  async function administrator(): Promise<string> {
    const address = newEmail('ada');
    await portal().account(address, 'administrator');
    return address;
  }

  const idOf = async (address: string) => (await portal().services.accounts.findByEmail(address))?.id;

  it('signs in, and requests a new password', async () => {
    await portal().account(email);
    assert.equal((await signsIn(portal(), spelled)).page.status, 200);
    const ann = new Person(portal().app);
    await ann.visits('/forgotten-password');
    ann.fillsIn('Email', spelled);
    await ann.presses('Email me a link');
    assert.equal(ann.page.path, '/forgotten-password/sent');
    assert.match((await portal().mailbox.next(email)).text ?? '', /reset-password\?token=/);
  });

  it('invites with the spelling that mail programs know, once', async () => {
    const invites = async (address: string) => {
      await ada.visits('/admin/people/invite');
      ada.fillsIn('Name', 'Ann Example');
      ada.fillsIn('Email', address);
      await ada.presses('Send invitation');
    };
    await invites(`\ufeff${email.replace('@', '＠')}。`);
    assert.match(ada.page.text, new RegExp(email));
    await portal().mailbox.next(email);
    await invites(spelled);
    assert.equal(ada.page.status, 422);
    assert.match(ada.page.errorAt('Email'), /already|account/);
    await invites(email.replace('@', '\u200b@'));
    assert.equal(ada.page.errorAt('Email'), UNSEEN);
  });

  it('changes to an address without invisible characters', async () => {
    const [old, next] = [newEmail('old'), newEmail('next')];
    await portal().account(old);
    const ann = await signsIn(portal(), old);
    await ann.visits('/profile/email');
    ann.fillsIn('New email', `${next}.\u2060`);
    await ann.presses('Send Verification Code');
    ann.fillsIn('Verification Code', codeIn(await portal().mailbox.next(next)));
    await ann.presses('Submit Code and Change');
    assert.equal((await portal().services.accounts.findByEmail(next))?.email, next);
  });

  it('imports people who can sign in, and reports invisible characters', async () => {
    const hash = '$2b$05$CCCCCCCCCCCCCCCCCCCCC.rAf3o4sLTvR4cFKmbAV7SuUjZhE3kGG';
    const imports = async (address: string) => {
      await ada.visits('/admin/people/import');
      ada.fillsIn('People', `email,name,password_hash\n${address},Ann,${hash}\n`);
      await ada.presses('Import');
    };
    await imports(`${email}\u200b`);
    const account = await portal().services.accounts.findByEmail(email);
    assert.equal(account?.email, email);
    await imports(spelled);
    assert.match(ada.page.text, /Nothing was imported/);
    await imports(email.replace('@', '\u00ad@'));
    assert.match(ada.page.text, /invisible character in the email address/);
  });

  it('finds the person among people, group members and entries of the audit log', async () => {
    const { id } = await portal().account(email);
    await signsIn(portal(), email);
    for (const path of ['/admin/people?search=', '/admin/audit?person=']) {
      await ada.visits(path + encodeURIComponent(spelled));
      assert.ok(
        ada.page.links.some(({ href }) => href === `/admin/people/${id}`),
        path,
      );
    }
    const group = await portal().services.groups.create(
      { name: `Group of ${id}`, rule: 'off', methods: [], grace: { kind: 'none' } },
      { party: { id: null, label: 'test' }, origin: { requestId: '', address: '', browser: '' } },
    );
    await ada.visits(`/admin/groups/${group?.id}`);
    const answer = await ada.submitsRaw('POST', `/admin/groups/${group?.id}/members`, { email: spelled });
    await ada.goesOnFrom(answer);
    assert.match(ada.page.notice ?? '', /has been added/);
  });

  it('signs up as the normal address', async () => {
    await portal().services.settings.change({ signUp: true });
    const ann = new Person(portal().app);
    await ann.visits('/sign-up');
    ann.fillsIn('Your name', '\u200fAnn\u3164 Example');
    ann.fillsIn('Email', spelled);
    await ann.presses('Email me a link');
    const punycode = email.replace('bücher', 'xn--bcher-kva');
    const mail = await portal().mailbox.next(email);
    const token = /token=([\w-]+)/.exec(mail.text ?? '')?.[1];
    await ann.visits(`/sign-up/confirm?token=${token}`);
    await ann.submitsRaw('POST', '/sign-up/confirm', { token: token ?? '', newPassword: PASSWORD });
    const account = await portal().services.accounts.findByEmail(punycode);
    assert.deepEqual([account?.name, await idOf(email)], ['Ann Example', account?.id]);
  });
});
