import { goesTheWholeWay } from '../journey/whole-way.ts';
import { LYNX } from './lynx.ts';
import { atTerminal } from './text-browser.ts';

goesTheWholeWay(atTerminal(LYNX));
