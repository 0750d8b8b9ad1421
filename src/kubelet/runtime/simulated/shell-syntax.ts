/** The small part of the shell's language that simulated containers understand. */
export type Command =
  | { readonly kind: "simple"; readonly words: readonly string[]; readonly output?: Redirect }
  | { readonly kind: "list"; readonly parts: readonly Part[] }
  | { readonly kind: "loop"; readonly until: boolean; readonly condition: Command; readonly body: Command }
  | { readonly kind: "for"; readonly name: string; readonly words: readonly string[]; readonly body: Command }
  | {
      readonly kind: "if";
      readonly branches: readonly { readonly condition: Command; readonly body: Command }[];
      readonly otherwise?: Command;
    }
  | { readonly kind: "not"; readonly command: Command };

export interface Part {
  /** What stands before it: run always, when the last succeeded, when it failed. */
  readonly when: "always" | "success" | "failure";
  readonly command: Command;
}

export interface Redirect {
  readonly path: string;
  readonly append: boolean;
}

/** A script that goes beyond what is understood; its container then runs as an opaque program. */
export class NotUnderstood extends Error {
  override readonly name = "NotUnderstood";
}

type Token = { readonly kind: "word"; readonly text: string } | { readonly kind: "operator"; readonly text: string };

const operators = ["&&", "||", ">>", "2>&1", "1>&2", ">&2", "2>", "1>", "&>", ">", ";", "|", "&", "(", ")", "\n"];

export function parseShell(script: string): Command {
  const parser = new Parser(tokenize(script));
  const command = parser.list([]);
  parser.expectEnd();
  return command;
}

/** Words keep `$name` for the time they are run at; single-quoted dollars are protected by a NUL. */
function tokenize(script: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  let word: string | undefined;
  const endWord = (): void => {
    if (word !== undefined) tokens.push({ kind: "word", text: word });
    word = undefined;
  };
  while (position < script.length) {
    const char = script[position] ?? "";
    if (char === "'" || char === '"') {
      const end = closingQuote(script, position);
      const inner = script.slice(position + 1, end);
      word = (word ?? "") + (char === "'" ? inner.replaceAll("$", "\0") : unescaped(inner));
      position = end + 1;
      continue;
    }
    if (char === "\\") {
      if (script[position + 1] !== "\n") word = (word ?? "") + (script[position + 1] ?? "").replace("$", "\0");
      position += 2;
      continue;
    }
    if (char === "#" && word === undefined) {
      while (position < script.length && script[position] !== "\n") position++;
      continue;
    }
    if (char === "`" || script.startsWith("$(", position) || script.startsWith("<", position)) {
      throw new NotUnderstood(`what begins at ${JSON.stringify(script.slice(position, position + 10))}`);
    }
    const operator = operators.find((one) => script.startsWith(one, position));
    if (operator !== undefined && (word === undefined || !/^[12]/.test(operator))) {
      endWord();
      tokens.push({ kind: "operator", text: operator });
      position += operator.length;
      continue;
    }
    if (/\s/.test(char)) endWord();
    else word = (word ?? "") + char;
    position++;
  }
  endWord();
  return tokens;
}

function closingQuote(script: string, start: number): number {
  const quote = script[start];
  for (let position = start + 1; position < script.length; position++) {
    if (script[position] === "\\" && quote === '"') position++;
    else if (quote === '"' && (script[position] === "`" || script.startsWith("$(", position))) {
      throw new NotUnderstood("a command substitution");
    } else if (script[position] === quote) return position;
  }
  throw new NotUnderstood("a quote without an end");
}

function unescaped(text: string): string {
  return text.replace(/\\([\\"$`])/g, (_, char: string) => (char === "$" ? "\0" : char));
}

class Parser {
  readonly #tokens: readonly Token[];
  #position = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  expectEnd(): void {
    if (this.#peek() !== undefined) throw new NotUnderstood(`${this.#peek()?.text}`);
  }

  /** Commands up to one of the words that end it. */
  list(ends: readonly string[]): Command {
    const parts: Part[] = [];
    let when: Part["when"] = "always";
    for (;;) {
      while (this.#isOperator(";") || this.#isOperator("\n")) this.#position++;
      const token = this.#peek();
      if (token === undefined || ends.includes(token.text)) break;
      parts.push({ when, command: this.#pipeline() });
      const operator = this.#peek();
      when = operator?.text === "&&" ? "success" : operator?.text === "||" ? "failure" : "always";
      if (operator === undefined || ends.includes(operator.text)) break;
      if (operator.kind !== "operator" || operator.text === ")") throw new NotUnderstood(operator.text);
      this.#position++;
    }
    return { kind: "list", parts };
  }

  /** Of a pipeline the last command decides; what the others do is run too, their output is not passed on. */
  #pipeline(): Command {
    const commands = [this.#command()];
    while (this.#isOperator("|")) {
      this.#position++;
      commands.push(this.#command());
    }
    const [first] = commands;
    if (first !== undefined && commands.length === 1) return first;
    return { kind: "list", parts: commands.map((command) => ({ when: "always", command })) };
  }

  #command(): Command {
    const token = this.#peek();
    switch (token?.text) {
      case "!":
        this.#position++;
        return { kind: "not", command: this.#command() };
      case "while":
      case "until":
        return this.#loop(token.text === "until");
      case "for":
        return this.#for();
      case "if":
        return this.#if();
      case "{":
        return this.#group("{", "}");
      case "(":
        return this.#group("(", ")");
      default:
        return this.#simple();
    }
  }

  #group(start: string, end: string): Command {
    this.#take(start);
    const body = this.list([end]);
    this.#take(end);
    return body;
  }

  #loop(until: boolean): Command {
    this.#position++;
    const condition = this.list(["do"]);
    this.#take("do");
    const body = this.list(["done"]);
    this.#take("done");
    return { kind: "loop", until, condition, body };
  }

  #for(): Command {
    this.#position++;
    const name = this.#word();
    this.#take("in");
    const words: string[] = [];
    while (this.#peek()?.kind === "word") words.push(this.#word());
    while (this.#isOperator(";") || this.#isOperator("\n")) this.#position++;
    this.#take("do");
    const body = this.list(["done"]);
    this.#take("done");
    return { kind: "for", name, words, body };
  }

  #if(): Command {
    const branches: { condition: Command; body: Command }[] = [];
    let otherwise: Command | undefined;
    do {
      this.#position++;
      const condition = this.list(["then"]);
      this.#take("then");
      branches.push({ condition, body: this.list(["elif", "else", "fi"]) });
    } while (this.#peek()?.text === "elif");
    if (this.#peek()?.text === "else") {
      this.#position++;
      otherwise = this.list(["fi"]);
    }
    this.#take("fi");
    return { kind: "if", branches, otherwise };
  }

  #simple(): Command {
    const words: string[] = [];
    let output: Redirect | undefined;
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      if (token.kind === "word") words.push(this.#word());
      else if (token.text === "2>&1") this.#position++;
      else if (token.text.endsWith(">&2")) {
        this.#position++;
        output = { path: "/dev/stderr", append: true };
      } else if (token.text.includes(">")) {
        this.#position++;
        const path = this.#word();
        if (!token.text.startsWith("2")) output = { path, append: token.text === ">>" };
      } else break;
    }
    if (words.length === 0) throw new NotUnderstood("an empty command");
    return { kind: "simple", words, output };
  }

  #word(): string {
    const token = this.#peek();
    if (token?.kind !== "word") throw new NotUnderstood(token?.text ?? "the end");
    this.#position++;
    return token.text;
  }

  #take(text: string): void {
    if (this.#peek()?.text !== text) throw new NotUnderstood(`the lack of ${text}`);
    this.#position++;
  }

  #isOperator(text: string): boolean {
    const token = this.#peek();
    return token?.kind === "operator" && token.text === text;
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#position];
  }
}
