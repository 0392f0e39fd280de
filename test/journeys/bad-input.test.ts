import { BadInput } from '../support/bad-input.ts';
import { triesEveryForm } from '../support/every-page-with-forms.ts';
import { onPortal } from '../support/portal.ts';

onPortal('Every form', (portal) => {
  let input: BadInput;

  before(() => {
    input = new BadInput(portal());
  });

  triesEveryForm('refuses invalid and unexpected values', portal, () => input);
});
