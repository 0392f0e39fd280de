import path from 'node:path';
import { METHOD_IDS, type MethodId } from '../../../src/settings/method-ids.ts';
import { AuthenticatorApp } from '../../support/authenticator-app.ts';
import { twoFactor } from '../two-factor-under-test.ts';
import { type Form, type MethodUnderTest, methodContract } from './contract.ts';
import { signatureMethod } from './signature-method.ts';

const PERIOD = 30_000;

const viewFile = (id: MethodId) => (view: string) =>
  path.join(import.meta.dirname, `../../../src/two-factor/methods/${id}/views/${view}.ejs`);

/** Another six digits. */
function otherDigits(form: Form): Form {
  const code = form['code'] === '000000' ? '000001' : '000000';
  return { ...form, code };
}

/** What the people of these tests have for each method. */
const METHODS: Readonly<Record<MethodId, () => MethodUnderTest>> = {
  app() {
    const domain = twoFactor();
    const method = domain.methods.app;
    const { clock, keyring } = domain;
    /** The app of each authenticator, by its id. */
    const phones = new Map<string, AuthenticatorApp>();
    const oldPhone = new AuthenticatorApp();
    oldPhone.type('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567');
    phones.set('old', oldPhone);
    const sealed = (id: string) => keyring.seal('ABCDEFGHIJKLMNOPQRSTUVWXYZ234567', `app:${id}`);
    const state = {
      id: 'old',
      method: 'app',
      step: 'scan',
      label: 'ann@example.org',
      wrongCodes: 1,
    } as const;
    return {
      ...{ domain, method, viewFile: viewFile('app') },
      stored: {
        state: { ...state, ...{ secret: sealed('ann') } },
        data: ({ id, email }) => ({ secret: sealed(id), label: email }),
      },
      async enrols(enrolment, context) {
        const shown = await method.enrolment.steps['scan']?.describe(enrolment, context);
        const phone = new AuthenticatorApp();
        phone.type(String(shown?.['setupKey']));
        phones.set(enrolment.id, phone);
        return { name: 'Mine', code: phone.code(clock.now) };
      },
      async responds({ id }) {
        clock.passes(PERIOD);
        return { code: phones.get(id)?.code(clock.now) ?? '' };
      },
      enrolsWrong: otherDigits,
      wrong: otherDigits,
      expires: () => clock.passes(2 * PERIOD),
    };
  },
  email() {
    const domain = twoFactor();
    const method = domain.methods.email;
    return {
      ...{ domain, method, viewFile: viewFile('email') },
      stored: { state: { id: 'old', method: 'email', step: 'name' }, data: () => ({}) },
      async enrols({ step }, { account }) {
        return step === 'name' ? { name: 'Mine' } : { code: domain.post.code(account.email) };
      },
      async responds(authenticator, context) {
        domain.clock.passes(60_000);
        await method.verifier.delivery?.send(authenticator, context);
        return { code: domain.post.code(context.account.email) };
      },
      enrolsWrong: otherDigits,
      wrong: otherDigits,
      expires: () => domain.clock.passes(10 * 60_000),
    };
  },
};

for (const id of METHOD_IDS) methodContract(id, METHODS[id]);

/** A method without digits and without sending, with a challenge on the page: like a passkey. */
methodContract('a signature', () => {
  const domain = twoFactor();
  const { method, device } = signatureMethod(domain.clock.read);
  return {
    ...{ domain, method },
    stored: {
      state: device.oldState,
      data: () => device.oldData,
    },
    enrols: async (state) => ({ name: 'Mine', response: device.signs(state.id) }),
    async responds(authenticator, context) {
      const prompt = await method.verifier.prompt?.(authenticator, context);
      return { response: device.signs(String(prompt?.['challenge'])) };
    },
    enrolsWrong: (form) => ({ ...form, response: device.signs('something else') }),
    wrong: (form) => ({ ...form, response: device.signs('something else') }),
    expires: () => domain.clock.passes(10 * 60_000),
  };
});
