import assert from 'node:assert/strict';
import { loadWords } from '../../src/kernel/i18n.ts';
import { foundInWords } from '../../src/pages/lists.ts';

describe('The number of list entries', () => {
  const words = loadWords().for('en');

  it('is shown if it is known, however large', () => {
    assert.equal(foundInWords({ total: 1, isMore: false }, 'people', words), '1 person');
    assert.equal(foundInWords({ total: 10_000, isMore: false }, 'entries', words), '10,000 entries');
    assert.equal(foundInWords({ total: 126_000 }, 'people', words), '126,000 people');
  });

  it('is "more than" if counting was stopped', () => {
    const many = { total: 10_000, isMore: true };
    assert.equal(foundInWords(many, 'people', words), 'More than 10,000 people');
    assert.equal(foundInWords(many, 'entries', words), 'More than 10,000 entries');
  });
});
