import type { Services } from '../services.ts';
import type { Guards } from '../web/guards.ts';
import type { Renderer } from '../web/rendering.ts';

/** What the rooms of the domain make for each other. */
type Inner =
  | 'administrators'
  | 'attempts'
  | 'clients'
  | 'delivery'
  | 'links'
  | 'notices'
  | 'rateLimit'
  | 'throttle';

/** All services of the pages, as createApp hands them to the routes of each part. A page picks those that it uses. */
export interface PageServices extends Omit<Services, Inner> {
  readonly guards: Guards;
  readonly renderer: Renderer;
}
