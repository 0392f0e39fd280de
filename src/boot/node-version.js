/**
 * Syntax that Node 12 can parse, and no imports: Node resolves a file's imports before it runs the first line, and would end with a
 * SyntaxError about a missing export.
 */

const OLDEST = 24;
/** sysexits.h EX_CONFIG, as for any other error of the environment. */
const EX_CONFIG = 78;

/** Whether this Node can run the program; if not, says what to do and sets the exit code. */
export function checkNode() {
  if (Number(process.versions.node.split('.')[0]) >= OLDEST) return true;
  process.stderr.write(
    `Postern needs Node ${OLDEST} or newer; this is ${process.version}. Install Node ${OLDEST} from https://nodejs.org. ` +
      'On Linux (x64, arm64) it comes with the packages: run "npm ci" without "--omit=optional", then "npm start".\n',
  );
  process.exitCode = EX_CONFIG;
  return false;
}
