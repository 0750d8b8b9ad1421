import {
  type Branch,
  type CaseBranch,
  type Command,
  NotUnderstood,
  type Part,
  type Redirect,
  type Word,
} from "./syntax.ts";
import { parseWord, plainText } from "./words.ts";

/** Reads a script. @throws NotUnderstood */
export function parseShell(script: string): Command {
  const parser = new Parser(script);
  const command = parser.list([]);
  parser.expectEnd();
  return command;
}

function readCommands(script: string, at: number): { command: Command; end: number } {
  const parser = new Parser(script, at);
  const command = parser.list([")"]);
  return { command, end: parser.at };
}

const reserved = new Set("if then elif else fi for while until do done case esac { } ! in".split(" "));
const operators = ["&&", "||", ";;", ";", "&", "|", "(", ")"] as const;
const redirect = /(?:(\d)?(>>|>&|>\||>|<<-|<<|<)|(&>>|&>))/y;
const functionHead = /([A-Za-z_][A-Za-z0-9_]*)[ \t]*\([ \t]*\)/y;
const assignment = /([A-Za-z_][A-Za-z0-9_]*)=/y;

/** Reads commands; where a word ends, and what is in it, `words.ts` knows. */
class Parser {
  readonly #script: string;
  #at: number;
  #awaited: { readonly end: string; readonly literal: boolean; readonly tabs: boolean; fill(text: Word): void }[] = [];

  constructor(script: string, at = 0) {
    this.#script = script;
    this.#at = at;
  }

  get at(): number {
    return this.#at;
  }

  expectEnd(): void {
    this.#skip(true);
    if (this.#at < this.#script.length) throw this.#unknown();
  }

  /** Commands up to one of the words or operators that end it; that is left to be read. */
  list(ends: readonly string[]): Command {
    const parts: Part[] = [];
    let when: Part["when"] = "always";
    for (;;) {
      this.#skip(true);
      if (this.#at >= this.#script.length || ends.includes(this.#next())) break;
      const command = this.#pipeline();
      this.#skip(false);
      const operator = this.#operator();
      parts.push({ when, command, background: operator === "&" });
      when = operator === "&&" ? "success" : operator === "||" ? "failure" : "always";
      if (operator === ";;" || operator === ")" || operator === "(" || operator === "|") break;
      if (operator !== undefined) this.#at += operator.length;
      else if (this.#script[this.#at] !== "\n") break;
    }
    return { kind: "list", parts };
  }

  #pipeline(): Command {
    const commands = [this.#command()];
    for (;;) {
      this.#skip(false);
      if (this.#operator() !== "|") break;
      this.#at++;
      this.#skip(true);
      commands.push(this.#command());
    }
    const [only] = commands;
    return only !== undefined && commands.length === 1 ? only : { kind: "pipeline", commands };
  }

  #command(): Command {
    const next = this.#next();
    switch (next) {
      case "!":
        this.#take(next);
        return { kind: "not", command: this.#pipeline() };
      case "while":
      case "until":
        return this.#redirected(this.#loop(next));
      case "for":
        return this.#redirected(this.#for());
      case "if":
        return this.#redirected(this.#if());
      case "case":
        return this.#case();
      case "{":
        return this.#group("{", "}");
      case "(":
        return this.#group("(", ")");
      default:
        return this.#function() ?? this.#simple();
    }
  }

  #group(start: string, end: string): Command {
    this.#take(start);
    const body = this.list([end]);
    this.#take(end);
    return { kind: "group", body, redirects: this.#redirects(), subshell: start === "(" };
  }

  #redirected(body: Command): Command {
    const redirects = this.#redirects();
    return redirects.length === 0 ? body : { kind: "group", body, redirects, subshell: false };
  }

  #loop(word: string): Command {
    this.#take(word);
    const condition = this.list(["do"]);
    return { kind: "loop", until: word === "until", condition, body: this.#doBlock() };
  }

  #doBlock(): Command {
    this.#skip(true);
    this.#take("do");
    const body = this.list(["done"]);
    this.#take("done");
    return body;
  }

  #for(): Command {
    this.#take("for");
    const name = plainText(this.#word());
    this.#skip(true);
    let words: Word[] | undefined;
    if (this.#next() === "in") {
      this.#take("in");
      words = [];
      for (this.#skip(false); !this.#atEndOfCommand(); this.#skip(false)) words.push(this.#word());
    }
    if (this.#operator() === ";") this.#at++;
    return { kind: "for", name, words, body: this.#doBlock() };
  }

  #if(): Command {
    const branches: Branch[] = [];
    let otherwise: Command | undefined;
    for (let word = "if"; word === "if" || word === "elif"; word = this.#next()) {
      this.#take(word);
      const condition = this.list(["then"]);
      this.#take("then");
      branches.push({ condition, body: this.list(["elif", "else", "fi"]) });
    }
    if (this.#next() === "else") {
      this.#take("else");
      otherwise = this.list(["fi"]);
    }
    this.#take("fi");
    return { kind: "if", branches, otherwise };
  }

  #case(): Command {
    this.#take("case");
    const word = this.#word();
    this.#skip(true);
    this.#take("in");
    const branches: CaseBranch[] = [];
    for (this.#skip(true); this.#next() !== "esac"; this.#skip(true)) {
      if (this.#operator() === "(") this.#at++;
      const patterns = [this.#word()];
      for (this.#skip(false); this.#operator() === "|"; this.#skip(false)) {
        this.#at++;
        patterns.push(this.#word());
      }
      this.#take(")");
      branches.push({ patterns, body: this.list(["esac", ";;"]) });
      if (this.#operator() === ";;") this.#at += 2;
    }
    this.#take("esac");
    return { kind: "case", word, branches };
  }

  #function(): Command | undefined {
    functionHead.lastIndex = this.#at;
    const name = functionHead.exec(this.#script)?.[1];
    if (name === undefined) return undefined;
    this.#at = functionHead.lastIndex;
    this.#skip(true);
    return { kind: "function", name, body: this.#command() };
  }

  #simple(): Command {
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirects: Redirect[] = [];
    for (;;) {
      this.#skip(false);
      const one = this.#redirect();
      if (one !== undefined) {
        redirects.push(one);
        continue;
      }
      if (this.#atEndOfCommand()) break;
      assignment.lastIndex = this.#at;
      const name = words.length === 0 ? assignment.exec(this.#script)?.[1] : undefined;
      if (name === undefined) words.push(this.#word());
      else {
        this.#at += name.length + 1;
        assignments.push({ name, value: this.#word() });
      }
    }
    if (words.length === 0 && assignments.length === 0 && redirects.length === 0) throw this.#unknown();
    return { kind: "simple", assignments, words, redirects };
  }

  #redirects(): Redirect[] {
    const all: Redirect[] = [];
    for (;;) {
      this.#skip(false);
      const one = this.#redirect();
      if (one === undefined) return all;
      all.push(one);
    }
  }

  #redirect(): Redirect | undefined {
    redirect.lastIndex = this.#at;
    const match = redirect.exec(this.#script);
    if (match === null) return undefined;
    const [text, fd, operator = "", both] = match;
    this.#at += text.length;
    const stream = fd === "2" ? "error" : "output";
    this.#skip(false);
    if (operator === ">&") {
      const to = plainText(this.#word());
      if (to !== "1" && to !== "2") throw new NotUnderstood(`a copy to ${to}`);
      return { kind: "join", stream: to === "2" ? "output" : "error" };
    }
    if (operator.startsWith("<<")) return this.#hereDocument(operator === "<<-");
    if (operator === "<") return { kind: "input", path: this.#word() };
    const append = operator === ">>" || both === "&>>";
    return { kind: "file", stream: both === undefined ? stream : "both", append, path: this.#word() };
  }

  /** Its text begins after the line that names its end. */
  #hereDocument(tabs: boolean): Redirect {
    const end = this.#word();
    let text: Word | undefined;
    const literal = end.some((part) => part.kind === "text" && part.quoted);
    this.#awaited.push({
      end: plainText(end),
      literal,
      tabs,
      fill: (read) => {
        text = read;
      },
    });
    return {
      kind: "here",
      text: () => {
        if (text === undefined) throw new NotUnderstood("a here-document without an end");
        return text;
      },
    };
  }

  #readHereDocuments(): void {
    for (const { end, literal, tabs, fill } of this.#awaited.splice(0)) {
      let text = "";
      for (;;) {
        if (this.#at >= this.#script.length) throw new NotUnderstood(`a here-document without its end ${end}`);
        const stop = this.#script.indexOf("\n", this.#at);
        const raw = this.#script.slice(this.#at, stop < 0 ? undefined : stop);
        this.#at = stop < 0 ? this.#script.length : stop + 1;
        const line = tabs ? raw.replace(/^\t+/, "") : raw;
        if (line === end) break;
        text += `${line}\n`;
      }
      fill(literal ? [{ kind: "text", text, quoted: true }] : parseWord(text, 0, "document", readCommands).word);
    }
  }

  #word(): Word {
    this.#skip(false);
    const { word, end } = parseWord(this.#script, this.#at, "plain", readCommands);
    if (end === this.#at && word.length === 0) {
      // An empty value, as in `a= b`.
      if (this.#script[this.#at - 1] === "=") return [];
      throw this.#unknown();
    }
    this.#at = end;
    return word;
  }

  /** The operator that comes next, or the reserved word. */
  #next(): string {
    const operator = this.#operator();
    if (operator !== undefined) return operator;
    const word = /[^\s;&|<>()"'$`\\]*/y;
    word.lastIndex = this.#at;
    const text = word.exec(this.#script)?.[0] ?? "";
    return reserved.has(text) && /[\s;&|<>()]|^$/.test(this.#script[word.lastIndex] ?? "") ? text : "";
  }

  #operator(): (typeof operators)[number] | undefined {
    return operators.find((one) => this.#script.startsWith(one, this.#at));
  }

  #atEndOfCommand(): boolean {
    return this.#at >= this.#script.length || this.#script[this.#at] === "\n" || this.#operator() !== undefined;
  }

  #take(text: string): void {
    this.#skip(false);
    if (!this.#script.startsWith(text, this.#at)) throw this.#unknown(text);
    this.#at += text.length;
  }

  #skip(newlines: boolean): void {
    for (;;) {
      const char = this.#script[this.#at];
      if (char === " " || char === "\t" || char === "\r") this.#at++;
      else if (char === "\\" && this.#script[this.#at + 1] === "\n") this.#at += 2;
      else if (char === "#" && /^$|[\s;&|()]/.test(this.#script[this.#at - 1] ?? "")) {
        while (this.#at < this.#script.length && this.#script[this.#at] !== "\n") this.#at++;
      } else if (char === "\n" && newlines) {
        this.#at++;
        this.#readHereDocuments();
      } else return;
    }
  }

  #unknown(missing?: string): NotUnderstood {
    const rest = JSON.stringify(this.#script.slice(this.#at, this.#at + 20));
    return new NotUnderstood(missing === undefined ? `what begins at ${rest}` : `${missing} is missing before ${rest}`);
  }
}
