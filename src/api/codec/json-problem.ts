/** Says as Go does why a text is no JSON. Slow and only for texts that JSON.parse has refused. */
export function syntaxProblem(text: string): string {
  try {
    const reader = new Reader(text);
    reader.value();
    reader.end();
  } catch (err) {
    if (err instanceof Problem) return err.message;
    throw err;
  }
  return "invalid JSON";
}

class Problem extends Error {}

const white = new Set([" ", "\t", "\r", "\n"]);

/** Recursive, which parsed depth bounds: deeper texts have been refused before. */
class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    this.#skipWhite();
    const c = this.#peek();
    if (c === "{") this.#object();
    else if (c === "[") this.#list();
    else if (c === '"') this.#string();
    else if (c === "t") this.#literal("true");
    else if (c === "f") this.#literal("false");
    else if (c === "n") this.#literal("null");
    else if (c === "-" || isDigit(c)) this.#number();
    else this.#fail("looking for beginning of value");
  }

  end(): void {
    this.#skipWhite();
    if (this.#at < this.#text.length) this.#fail("after top-level value");
  }

  #object(): void {
    this.#at++;
    this.#skipWhite();
    if (this.#take("}")) return;
    for (;;) {
      this.#skipWhite();
      if (this.#peek() !== '"') this.#fail("looking for beginning of object key string");
      this.#string();
      this.#skipWhite();
      if (!this.#take(":")) this.#fail("after object key");
      this.value();
      this.#skipWhite();
      if (this.#take("}")) return;
      if (!this.#take(",")) this.#fail("after object key:value pair");
    }
  }

  #list(): void {
    this.#at++;
    this.#skipWhite();
    if (this.#take("]")) return;
    for (;;) {
      this.value();
      this.#skipWhite();
      if (this.#take("]")) return;
      if (!this.#take(",")) this.#fail("after array element");
    }
  }

  #string(): void {
    this.#at++;
    for (;;) {
      const c = this.#peek();
      if (c === '"') {
        this.#at++;
        return;
      }
      if (c < " ") this.#fail("in string literal");
      this.#at++;
      if (c === "\\") this.#escape();
    }
  }

  #escape(): void {
    const c = this.#peek();
    if (!'"\\/bfnrtu'.includes(c)) this.#fail("in string escape code");
    this.#at++;
    if (c !== "u") return;
    for (let i = 0; i < 4; i++) {
      if (!/[0-9a-fA-F]/.test(this.#peek())) this.#fail("in \\u hexadecimal character escape");
      this.#at++;
    }
  }

  #literal(word: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.#peek() !== word.charAt(i)) this.#fail(`in literal ${word} (expecting ${quoted(word.charAt(i))})`);
      this.#at++;
    }
  }

  #number(): void {
    this.#take("-");
    if (!this.#take("0")) this.#digits("in numeric literal");
    if (this.#take(".")) this.#digits("after decimal point in numeric literal");
    if (this.#take("e") || this.#take("E")) {
      if (!this.#take("+")) this.#take("-");
      this.#digits("in exponent of numeric literal");
    }
  }

  #digits(where: string): void {
    if (!isDigit(this.#peek())) this.#fail(where);
    while (isDigit(this.#text.charAt(this.#at))) this.#at++;
  }

  #skipWhite(): void {
    while (white.has(this.#text.charAt(this.#at))) this.#at++;
  }

  #take(c: string): boolean {
    if (this.#text.charAt(this.#at) !== c) return false;
    this.#at++;
    return true;
  }

  #peek(): string {
    if (this.#at >= this.#text.length) throw new Problem("unexpected end of JSON input");
    return this.#text.charAt(this.#at);
  }

  #fail(where: string): never {
    throw new Problem(`invalid character ${quoted(this.#peek())} ${where}`);
  }
}

function isDigit(c: string): boolean {
  return c >= "0" && c <= "9";
}

/** Go reads bytes: a character beyond ASCII shows as the first byte of its UTF-8 form. */
function quoted(c: string): string {
  if (c === "'") return "'\\''";
  if (c === '"') return "'\"'";
  const byte = Buffer.from(c)[0] ?? 0;
  if (byte >= 0x20 && byte < 0x7f) return `'${c === "\\" ? "\\\\" : c}'`;
  const escapes: Record<number, string> = { 7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r" };
  const known = escapes[byte];
  if (known !== undefined) return `'${known}'`;
  if (byte >= 0xa1 && byte !== 0xad) return `'${String.fromCharCode(byte)}'`;
  return byte < 0x80 ? `'\\x${byte.toString(16).padStart(2, "0")}'` : `'\\u00${byte.toString(16)}'`;
}
