const classes: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\x00-\\x7F",
  blank: "\\t ",
  cntrl: "\\x00-\\x1F\\x7F",
  digit: "0-9",
  graph: "!-~",
  lower: "a-z",
  print: " -~",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\t\\n\\v\\f\\r ",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

const compiled = new Map<string, RegExp | undefined>();
const compiledMax = 10_000;

/** A pattern of Go (RE2) as one of JavaScript; undefined for what JavaScript has no words for, which is not judged. */
export function compilePattern(pattern: string): RegExp | undefined {
  if (compiled.has(pattern)) return compiled.get(pattern);
  if (compiled.size >= compiledMax) compiled.clear();
  const made = translate(pattern);
  compiled.set(pattern, made);
  return made;
}

function translate(pattern: string): RegExp | undefined {
  let flags = "";
  const source = pattern
    .replace(/^\(\?([ims]+)\)/, (_, given: string) => {
      flags = given;
      return "";
    })
    .replace(/\[:(\w+):\]/g, (whole, name: string) => classes[name] ?? whole)
    .replace(/\(\?P</g, "(?<")
    .replace(/\\A/g, "^")
    .replace(/\\z/g, "$");
  // Escapes that mean the character itself are no mistake for Go, but one with the flag u.
  return build(source, `${flags}u`) ?? build(source, flags);
}

function build(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    return undefined;
  }
}
