/** A unified diff of two values printed as JSON, as messages of the original carry it: hunks without a file header. */
export function jsonDiff(before: unknown, after: unknown): string {
  return unifiedDiff(printed(before), printed(after));
}

function printed(value: unknown): string[] {
  return JSON.stringify(value, undefined, 1).split("\n");
}

const contextLines = 3;

interface Line {
  readonly sign: " " | "-" | "+";
  readonly text: string;
  /** Line numbers before and after, from zero: where the line is, or would be. */
  readonly old: number;
  readonly new: number;
}

export function unifiedDiff(before: readonly string[], after: readonly string[]): string {
  const lines = compare(before, after);
  return hunks(lines).map(hunkText).join("");
}

/** The longest common subsequence; the inputs are specs of a screenful. */
function compare(before: readonly string[], after: readonly string[]): Line[] {
  const width = after.length + 1;
  const lengths = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--) {
    for (let j = after.length - 1; j >= 0; j--) {
      const same = before[i] === after[j];
      lengths[i * width + j] = same ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const lines: Line[] = [];
  let [i, j] = [0, 0];
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      lines.push({ sign: " ", text: before[i] ?? "", old: i++, new: j++ });
    } else if (i < before.length && (j >= after.length || at(i + 1, j) >= at(i, j + 1))) {
      lines.push({ sign: "-", text: before[i] ?? "", old: i++, new: j });
    } else lines.push({ sign: "+", text: after[j] ?? "", old: i, new: j++ });
  }
  return lines;
}

/** Runs of lines around changes; runs that touch are one. */
function hunks(lines: readonly Line[]): Line[][] {
  const found: Line[][] = [];
  let end = -1;
  for (const [index, line] of lines.entries()) {
    if (line.sign === " ") continue;
    const from = Math.max(index - contextLines, end + 1, 0);
    const to = Math.min(index + contextLines, lines.length - 1);
    const last = found.at(-1);
    if (last !== undefined && from <= end + 1 && end >= 0) last.push(...lines.slice(end + 1, to + 1));
    else found.push(lines.slice(from, to + 1));
    end = Math.max(end, to);
  }
  return found;
}

function hunkText(lines: readonly Line[]): string {
  const [first] = lines;
  if (first === undefined) return "";
  const olds = lines.filter(({ sign }) => sign !== "+").length;
  const news = lines.filter(({ sign }) => sign !== "-").length;
  const head = `@@ -${range(first.old, olds)} +${range(first.new, news)} @@\n`;
  return head + lines.map(({ sign, text }) => `${sign}${text}\n`).join("");
}

function range(start: number, count: number): string {
  if (count === 1) return String(start + 1);
  return count === 0 ? `${start},0` : `${start + 1},${count}`;
}
