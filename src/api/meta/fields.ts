export interface FieldTerm {
  readonly field: string;
  readonly operator: "=" | "!=";
  readonly value: string;
}

/** All terms must hold. */
export interface FieldSelector {
  readonly terms: readonly FieldTerm[];
}

export const anyField: FieldSelector = { terms: [] };

/** The selector of a text such as `metadata.name=a,status.phase!=Running`; `\` escapes `,`, `=` and `\` in values. */
export function parseFieldSelector(text: string): FieldSelector {
  if (text === "") return anyField;
  const parts = splitTerms(text).filter((part) => part !== "");
  const terms = parts.sort().map((part) => parseTerm(part, text));
  // Like the original, a term of nothing but its operator says nothing.
  return { terms: terms.filter(({ field, value }) => field !== "" || value !== "") };
}

function splitTerms(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === ",") {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

function parseTerm(part: string, whole: string): FieldTerm {
  const match = /^([^=!]*(?:!(?!=)[^=!]*)*)(!=|==|=)(.*)$/s.exec(part);
  if (match === null) throw new Error(`invalid selector: '${whole}'; can't understand '${part}'`);
  const [, field = "", operator, value = ""] = match;
  return { field, operator: operator === "!=" ? "!=" : "=", value: unescapeValue(value) };
}

function unescapeValue(text: string): string {
  let out = "";
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\") {
      const escaped = text.charAt(++at);
      if (escaped !== "\\" && escaped !== "," && escaped !== "=") {
        throw new Error(`invalid field selector: invalid escape sequence: \\${escaped}`);
      }
      out += escaped;
    } else if (char === "," || char === "=") {
      throw new Error(`invalid field selector: unescaped character in value: ${char.charCodeAt(0)}`);
    } else {
      out += char;
    }
  }
  return out;
}

/** `fieldValue` gives "" for a field that is not set. */
export function matchesFields(selector: FieldSelector, fieldValue: (field: string) => string): boolean {
  return selector.terms.every((term) => (fieldValue(term.field) === term.value) === (term.operator === "="));
}

/** The value that the selector demands of a field, if it demands one. */
export function requiresExactMatch(selector: FieldSelector, field: string): string | undefined {
  return selector.terms.find((term) => term.field === field && term.operator === "=")?.value;
}
