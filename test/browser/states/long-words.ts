/** What people may well call themselves and their things: without a space to break at, as long as is allowed. */
export const LONG = {
  name: 'Wolfeschlegelsteinhausenbergerdorff Pappenheimer-Schwarzenbergh',
  email: 'wolfeschlegelsteinhausenbergerdorff.pappenheimer@long-department-name.example.org',
  authenticator: 'Wolfeschlegelsteinhausenbergerdorffs-Diensttelefon-im-Keller',
  site: 'Donaudampfschifffahrtselektrizitaetenhauptbetriebswerk-Hilfe',
} as const;
