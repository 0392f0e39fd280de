import type { Services } from '../services.ts';
import type { Guards } from '../web/guards.ts';
import type { Renderer } from '../web/rendering.ts';

/** The services of the pages. */
export interface PageServices extends Services {
  readonly guards: Guards;
  readonly renderer: Renderer;
}
