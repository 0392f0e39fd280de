/** Possible names of people and things: without a space for a line break, of the maximum length. */
export const LONG = {
  name: 'Wolfeschlegelsteinhausenbergerdorff Pappenheimer-Schwarzenbergh',
  email: 'wolfeschlegelsteinhausenbergerdorff.pappenheimer@long-department-name.example.org',
  authenticator: 'Wolfeschlegelsteinhausenbergerdorffs-Diensttelefon-im-Keller',
  site: 'Donaudampfschifffahrtselektrizitaetenhauptbetriebswerk-Hilfe',
} as const;
