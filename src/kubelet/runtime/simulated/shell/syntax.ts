/** The part of the shell's language that simulated containers understand. */
export type Command =
  | Simple
  | { readonly kind: "pipeline"; readonly commands: readonly Command[] }
  | { readonly kind: "list"; readonly parts: readonly Part[] }
  | { readonly kind: "loop"; readonly until: boolean; readonly condition: Command; readonly body: Command }
  | { readonly kind: "for"; readonly name: string; readonly words: readonly Word[] | undefined; readonly body: Command }
  | { readonly kind: "if"; readonly branches: readonly Branch[]; readonly otherwise?: Command }
  | { readonly kind: "case"; readonly word: Word; readonly branches: readonly CaseBranch[] }
  | { readonly kind: "not"; readonly command: Command }
  | { readonly kind: "function"; readonly name: string; readonly body: Command }
  | {
      readonly kind: "group";
      readonly body: Command;
      readonly redirects: readonly Redirect[];
      readonly subshell: boolean;
    };

export interface Simple {
  readonly kind: "simple";
  readonly assignments: readonly { readonly name: string; readonly value: Word }[];
  readonly words: readonly Word[];
  readonly redirects: readonly Redirect[];
}

export interface Part {
  /** What stands before it: run always, when the last succeeded, when it failed. */
  readonly when: "always" | "success" | "failure";
  readonly command: Command;
  /** It ends with `&`: nobody waits for it. */
  readonly background: boolean;
}

export interface Branch {
  readonly condition: Command;
  readonly body: Command;
}

export interface CaseBranch {
  readonly patterns: readonly Word[];
  readonly body: Command;
}

export type Redirect =
  | {
      readonly kind: "file";
      readonly stream: "output" | "error" | "both";
      readonly append: boolean;
      readonly path: Word;
    }
  | { readonly kind: "join"; readonly stream: "output" | "error" }
  | { readonly kind: "input"; readonly path: Word }
  | { readonly kind: "here"; readonly text: () => Word };

export type WordPart =
  | { readonly kind: "text"; readonly text: string; readonly quoted: boolean }
  | { readonly kind: "command"; readonly command: Command; readonly quoted: boolean }
  | { readonly kind: "arithmetic"; readonly text: Word }
  | {
      readonly kind: "variable";
      readonly name: string;
      readonly quoted: boolean;
      /** `${#name}` */
      readonly length?: true;
      /** `${name:-word}` and its kin; with a colon an empty value counts as none. */
      readonly instead?: { readonly operator: "-" | "=" | "+" | "?"; readonly emptyToo: boolean; readonly word: Word };
      /** `${name#pattern}` and its kin. */
      readonly cut?: { readonly from: "start" | "end"; readonly longest: boolean; readonly pattern: Word };
    };

export type Word = readonly WordPart[];

/** A script that goes beyond what is understood; its container then runs as an opaque program. */
export class NotUnderstood extends Error {
  override readonly name = "NotUnderstood";
}
