import type { AddPage } from '../../web/routes.ts';
import type { PageServices } from '../page-services.ts';
import { GUIDE, namesOnPages } from './guide.ts';

/** The guide to 2FA. Public, because people who cannot sign in need it most. */
export function helpPages(
  addPage: AddPage,
  { guards, renderer }: Pick<PageServices, 'guards' | 'renderer'>,
): void {
  addPage('/help/two-factor', {
    get: guards.anyone(({ who, request, response }) => {
      const { words } = who.context;
      return renderer.show(request, response, {
        view: 'help/two-factor',
        title: words.t('help.title'),
        formless: true,
        model: { sections: GUIDE, names: namesOnPages(words) },
      });
    }),
  });
}
