import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { loadWords } from '../../../src/kernel/i18n.ts';
import { userGuide } from './guide.ts';

const FILE = path.join(import.meta.dirname, '../../../docs/user-guide.md');

writeFileSync(FILE, userGuide(loadWords().for('en')));
