import { goesTheWholeWay } from '../journey/whole-way.ts';
import { atTerminal } from './text-browser.ts';
import { W3M } from './w3m.ts';

goesTheWholeWay(atTerminal(W3M));
