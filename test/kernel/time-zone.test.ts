import assert from 'node:assert/strict';
import { dayIn, endOfDay, startOfDay, timeZoneNamed, usableZone } from '../../src/kernel/time-zone.ts';

const HOUR = 3_600_000;

describe('A time zone', () => {
  for (const [typed, zone] of [
    ['Europe/Berlin', 'Europe/Berlin'],
    [' europe/berlin ', 'Europe/Berlin'],
    ['America/New York', 'America/New_York'],
    ['Tokyo', 'Asia/Tokyo'],
    ['buenos aires', 'America/Buenos_Aires'],
    ['utc', 'UTC'],
    ['Europe/Kyiv', 'Europe/Kyiv'],
    ['US/Pacific', 'US/Pacific'],
    ['', undefined],
    ['+02:00', undefined],
    ['-5', undefined],
    ['Mars/Olympus', undefined],
    ['Europe/Berlin\n', 'Europe/Berlin'],
    ['Europe/\nBerlin', undefined],
    ['a'.repeat(1_000_000), undefined],
  ] as const) {
    it(`is ${zone ?? 'none'} for ${JSON.stringify(typed.slice(0, 40))}`, () => {
      assert.equal(timeZoneNamed(typed), zone);
    });
  }

  it('falls back to UTC if this Node does not know it', () => {
    assert.equal(usableZone('Mars/Olympus'), 'UTC');
    assert.equal(startOfDay('Mars/Olympus', '2030-01-31'), Date.parse('2030-01-31'));
    assert.equal(usableZone('Asia/Tokyo'), 'Asia/Tokyo');
  });

  for (const [zone, day, start, hours] of [
    ['UTC', '2030-01-31', '2030-01-31T00:00:00.000Z', 24],
    ['Asia/Tokyo', '2030-01-31', '2030-01-30T15:00:00.000Z', 24],
    ['Asia/Kolkata', '2030-01-31', '2030-01-30T18:30:00.000Z', 24],
    ['America/New_York', '2030-01-31', '2030-01-31T05:00:00.000Z', 24],
    ['Pacific/Kiritimati', '2030-01-31', '2030-01-30T10:00:00.000Z', 24],
    // Clocks change within the day.
    ['Europe/Berlin', '2026-03-29', '2026-03-28T23:00:00.000Z', 23],
    ['Europe/Berlin', '2026-10-25', '2026-10-24T22:00:00.000Z', 25],
    // They change at midnight: the day begins at 01:00, or midnight comes twice.
    ['Africa/Cairo', '2026-04-24', '2026-04-23T22:00:00.000Z', 23],
    ['America/Havana', '2026-11-01', '2026-11-01T04:00:00.000Z', 25],
    ['UTC', '0001-01-01', '0001-01-01T00:00:00.000Z', 24],
  ] as const) {
    it(`such as ${zone} has a ${day} that begins at ${start} and lasts ${hours} hours`, () => {
      const begins = startOfDay(zone, day);
      assert.equal(new Date(begins).toISOString(), start);
      assert.equal(endOfDay(zone, day) - begins, hours * HOUR);
      assert.equal(dayIn(zone, begins), day);
      assert.equal(dayIn(zone, endOfDay(zone, day) - 1), day);
      assert.notEqual(dayIn(zone, endOfDay(zone, day)), day);
      if (!day.startsWith('0001')) assert.notEqual(dayIn(zone, begins - 1), day);
    });
  }
});
