import packageJson from '../../package.json' with { type: 'json' };

/** What `npm start` runs, as a shell reads it: what is set for it alone, and what Node is given. */
export function startCommand(): {
  readonly environment: Readonly<Record<string, string>>;
  readonly args: readonly string[];
} {
  const words = packageJson.scripts.start.split(' ');
  const program = words.indexOf('node');
  const set = words.slice(0, program).map((word): [string, string] => {
    const [name = '', value = ''] = word.split('=');
    return [name, value];
  });
  return { environment: Object.fromEntries(set), args: words.slice(program + 1) };
}
