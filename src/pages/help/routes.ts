import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { GUIDE, namesOnPages } from './guide.ts';

/** The guide to 2FA, for everyone: also for those who cannot sign in. */
export function helpPages(addPage: AddPage, { guards, renderer }: PageServices): void {
  addPage('/help/two-factor', {
    get: guards.anyone(async ({ visit: { words } }, request, response) => {
      await renderer.show(request, response, {
        view: 'help/two-factor',
        title: words.t('help.title'),
        formless: true,
        facts: { sections: GUIDE, names: namesOnPages(words) },
      });
    }),
  });
}
