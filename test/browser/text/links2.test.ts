import { goesTheWholeWay } from '../journey/whole-way.ts';
import { LINKS2 } from './links2.ts';
import { atTerminal } from './text-browser.ts';

goesTheWholeWay(atTerminal(LINKS2));
