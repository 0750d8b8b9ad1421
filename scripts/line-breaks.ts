/**
 * Line breaks of the published descriptions. Where the texts are read from, each break has become a space; most are
 * found again by a rule, of the others the places are kept.
 */

/** By number of the word before it, what stands there other than one space. */
export type LineBreaks = readonly (readonly [word: number, space: string])[];

/** Definition, then field ("" for the definition itself). */
export type AllLineBreaks = Readonly<Record<string, Readonly<Record<string, LineBreaks>>>>;

/** The text with its lines, from one in which every break is a space. */
export function withLines(flat: string, breaks: LineBreaks | undefined): string {
  return breaks === undefined ? byRule(flat) : byPlaces(flat, breaks);
}

/** Two spaces were an empty line, three the indentation of an item. */
function byRule(flat: string): string {
  return flat.replace(/(?<! ) {3}(?! )/g, "\n  ").replace(/(?<! ) {2}(?! )/g, "\n\n");
}

function byPlaces(flat: string, breaks: LineBreaks): string {
  const spaces = new Map(breaks);
  const words = flat.trim().split(/\s+/);
  return words.map((word, i) => (i === words.length - 1 ? word : word + (spaces.get(i) ?? " "))).join("");
}

/** The places of a text's breaks, or undefined where the rule finds them. */
export function lineBreaksOf(text: string): LineBreaks | undefined {
  const trimmed = text.trim();
  if (byRule(trimmed.replace(/\s/g, " ")) === trimmed) return undefined;
  const spaces = trimmed.match(/\s+/g) ?? [];
  return spaces.flatMap((space, i) => (space === " " ? [] : [[i, space] as const]));
}

interface Described {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, { readonly description?: string }>>;
}

export function buildLineBreaks(definitions: Readonly<Record<string, Described>>): AllLineBreaks {
  const all: Record<string, Record<string, LineBreaks>> = {};
  for (const [name, { description = "", properties = {} }] of Object.entries(definitions)) {
    const texts = [["", description] as const, ...fieldTexts(properties)];
    const own = texts.flatMap(([field, text]) => {
      const breaks = lineBreaksOf(text);
      return breaks === undefined ? [] : [[field, breaks] as const];
    });
    if (own.length > 0) all[name] = Object.fromEntries(own);
  }
  return all;
}

function fieldTexts(properties: NonNullable<Described["properties"]>): [field: string, text: string][] {
  return Object.entries(properties).map(([field, { description = "" }]) => [field, description]);
}
