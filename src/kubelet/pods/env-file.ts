/**
 * The value of a variable in a file of lines `NAME='value'`, as a POSIX shell would read it; undefined without the variable.
 * Values are in single quotes and may go over several lines; nothing in them is special. Blank lines and lines that begin
 * with `#` are passed over. Lines after the variable are not looked at.
 * @throws Error for a line of another form
 */
export function envFileValue(text: string, wanted: string): string | undefined {
  const lines = text.split("\n");
  for (let index = 0; index < lines.length; index++) {
    const line = (lines[index] ?? "").replace(/^[ \t]+/, "");
    if (line.trim() === "" || line.startsWith("#")) continue;
    const problem = (why = ""): Error => new Error(`invalid environment variable format at line ${index + 1}${why}`);
    const equals = line.indexOf("=");
    if (equals <= 0) throw problem();
    const name = line.slice(0, equals);
    if (/\s$/.test(name)) throw problem(": whitespace before '=' is not allowed");
    let rest = line.slice(equals + 1);
    if (!rest.startsWith("'")) throw problem(": value must be enclosed in single quotes");
    const opened = index;
    while (rest.indexOf("'", 1) < 0) {
      if (++index >= lines.length)
        throw new Error(`unexpected end of file: unclosed quote opened at line ${opened + 1}`);
      rest += `\n${lines[index]}`;
    }
    const closed = rest.indexOf("'", 1);
    if (!/^\s*(#.*)?$/.test(rest.slice(closed + 1))) throw problem(": unexpected content after closing quote");
    if (name === wanted) return rest.slice(1, closed);
  }
  return undefined;
}
