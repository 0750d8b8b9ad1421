// House rules that no linter knows: where files may look, how long they may be, and that each folder says what it owns.
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
})
  .split("\n")
  .filter((file) => file !== "" && existsSync(join(root, file)));
const sources = tracked.filter((file) => /^src\/.*\.ts$/.test(file) && !file.includes("/generated/"));
const shipped = sources.filter((file) => !/(\.test|-suite)\.ts$/.test(file));
const textOf = (file: string) => readFileSync(join(root, file), "utf8");

const linesMax = 500;

test("only host and the command line touch ambient time and chance", () => {
  const ambient = /\bDate\.now\(|new Date\(\)|Math\.random\(|crypto\.randomUUID\(|\brandomUUID\(/;
  const found = shipped.filter(
    (file) => !/^src\/(host|cli)\//.test(file) && ambient.test(withoutComments(textOf(file))),
  );
  expect(found).toEqual([]);
});

test(`no source file is longer than ${linesMax} lines`, () => {
  const long = shipped.map((file) => `${file}: ${textOf(file).split("\n").length - 1}`);
  expect(long.filter((entry) => Number(entry.split(": ")[1]) > linesMax)).toEqual([]);
});

test("every component's index opens by saying what the folder owns", () => {
  const folders = new Set(
    shipped.map((file) =>
      file
        .split("/")
        .slice(0, file.startsWith("src/api/") ? 3 : 2)
        .join("/"),
    ),
  );
  for (const folder of folders) {
    if (folder.endsWith(".ts") || folder === "src/cli" || folder === "src/api") continue;
    const index = join(folder, "index.ts");
    expect(tracked, folder).toContain(index);
    expect(textOf(index).trimStart(), index).toMatch(/^\/(\*\*|\/)/);
  }
});

test("components import from their neighbours' index only", () => {
  const offences: string[] = [];
  for (const file of shipped) {
    for (const [, path = ""] of textOf(file).matchAll(/(?:from|import)\s*\(?"(\.[^"]+)"/g)) {
      const target = join(file, "..", path).split("/");
      const own = file.split("/");
      const depth = target[1] === "api" ? 3 : 2;
      const sameComponent = target.slice(0, depth).join("/") === own.slice(0, depth).join("/");
      if (!sameComponent && target.at(-1) !== "index.ts") offences.push(`${file} imports ${path}`);
    }
  }
  expect(offences).toEqual([]);
});

test("no folder is a dumping ground", () => {
  expect(
    tracked.filter((file) => /(^|\/)(utils?|helpers?|common|misc)(\/|\.ts$)/.test(file) && file.startsWith("src/")),
  ).toEqual([]);
});

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|\s)\/\/.*$/gm, "$1");
}
